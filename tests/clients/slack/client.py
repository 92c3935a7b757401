"""Slack's own SDK at the host's door.

    client.py requests   signs requests as Slack does and sends them; says which status came back for each
    client.py blocks     reads blocks that the bot posted, and says what is wrong with them

Both read JSON from stdin and write JSON to stdout.
"""

import json
import logging
import sys
import time
import urllib.error
import urllib.request

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import Block
from slack_sdk.signature import SignatureVerifier


def send(request):
    """Sends one request; the SDK signs it, and agrees with itself about that."""
    body = request["body"]
    timestamp = str(int(time.time()) + request.get("seconds", 0))
    verifier = SignatureVerifier(request["secret"])
    signature = verifier.generate_signature(timestamp=timestamp, body=body)
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}
    good = verifier.is_valid_request(body, headers)
    if request.get("unsigned"):
        headers = {}
    sent = request.get("sent", body).encode()
    headers["Content-Type"] = request["content_type"]
    asked = urllib.request.Request(request["url"], data=sent, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=30) as response:
            return {"status": response.status, "body": response.read().decode(), "fresh": good}
    except urllib.error.HTTPError as refused:
        return {"status": refused.code, "body": refused.read().decode(), "fresh": good}


def faults(block):
    """What the SDK finds wrong in a block, however deep; and what of it the SDK does not know."""
    try:
        parsed = Block.parse(block)
    except Exception as error:  # whatever it cannot read is what is asked for
        return [f"{type(error).__name__}: {error}"]
    if parsed is None:
        return [f"no block that the SDK knows: {block.get('type')}"]
    found = []
    check(parsed, found, set())
    if not found:
        found += [f"not in the SDK's own JSON: {path}" for path in lost(block, parsed.to_dict())]
    return found


def check(part, found, seen):
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, JsonObject):
        try:
            part.validate_json()
        except SlackObjectFormationError as error:
            found.append(f"{type(part).__name__}: {error}")
        for inner in list(vars(part).values()):
            check(inner, found, seen)
    elif isinstance(part, (list, tuple)):
        for inner in part:
            check(inner, found, seen)


def lost(said, kept, path=""):
    """The fields that the SDK drops, since it knows no such thing."""
    if isinstance(said, dict) and isinstance(kept, dict):
        for name, value in said.items():
            if name not in kept:
                yield f"{path}/{name}"
            else:
                yield from lost(value, kept[name], f"{path}/{name}")
    elif isinstance(said, list) and isinstance(kept, list):
        for index, (one, other) in enumerate(zip(said, kept)):
            yield from lost(one, other, f"{path}/{index}")


def main():
    logging.disable(logging.CRITICAL)
    given = json.load(sys.stdin)
    match sys.argv[1:]:
        case ["requests"]:
            said = [send(request) for request in given]
        case ["blocks"]:
            said = [faults(block) for block in given]
        case _:
            sys.exit(__doc__)
    json.dump(said, sys.stdout)


main()
