// GitHub's own sample payloads, signed by its own library and posted to a host as GitHub would post them.
//
//   node client.mjs events                          the events that there are samples of, a line each
//   node client.mjs post <url> <secret>             posts every sample, and writes a line of JSON for each
//
// A sample is posted four times: as JSON, the same delivery again, as a form, and signed with another secret.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import { Webhooks } from "@octokit/webhooks";

const samples = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("@octokit/webhooks-examples")));
const [verb, url, secret] = process.argv.slice(2);

if (verb === "events") {
  for (const { name } of samples) console.log(name);
} else {
  const ours = new Webhooks({ secret });
  const forger = new Webhooks({ secret: "guessed" });
  for (const { name, examples } of samples) {
    for (const payload of examples) {
      const json = JSON.stringify(payload);
      const form = new URLSearchParams({ payload: json }).toString();
      const id = randomUUID();
      if (!(await ours.verify(json, await ours.sign(json)))) throw new Error(`${name}: its own signature does not fit`);
      const line = {
        event: name,
        sender: typeof payload.sender?.login === "string",
        json: await post(name, id, "application/json", json, ours),
        again: await post(name, id, "application/json", json, ours),
        form: await post(name, randomUUID(), "application/x-www-form-urlencoded", form, ours),
        forged: await post(name, randomUUID(), "application/json", json, forger),
      };
      console.log(JSON.stringify(line));
    }
  }
}

async function post(event, id, type, body, signer) {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": type,
      "user-agent": "GitHub-Hookshot/044aadd",
      "x-github-event": event,
      "x-github-delivery": id,
      "x-hub-signature-256": await signer.sign(body),
    },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}
