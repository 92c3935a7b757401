// A guest made by ComponentizeJS: a WASI command that greets its arguments, as SpiderMonkey sees them.

import { getArguments } from "wasi:cli/environment@0.2.12";

// `wasi:cli/run`: what a host calls. Throwing is its `err`, which a command's host reads as exit code 1.
export const run = {
  run() {
    const names = getArguments().slice(1);
    if (names.length === 1 && names[0] === "--fail") {
      console.error("told to fail");
      throw undefined;
    }
    console.log(`Hello ${names.join(" and ") || "whoever you are"} from JavaScript`);
  },
};
