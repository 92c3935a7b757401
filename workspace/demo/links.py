"""Prints Slack blocks: any program that writes JSON can. https://docs.slack.dev/reference/block-kit/blocks"""

import json
import sys
from urllib.parse import quote

topic = sys.argv[1]
blocks = [
    {"type": "header", "text": {"type": "plain_text", "text": f"Reading about {topic}"[:150]}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": "Encyclopedia"},
                "url": f"https://en.wikipedia.org/wiki/Special:Search?search={quote(topic)}"[:3000],
            }
        ],
    },
]
print(json.dumps(blocks))
