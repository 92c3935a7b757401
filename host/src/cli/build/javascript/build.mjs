// node build.mjs SOURCE WIT-FOLDER OUTPUT: makes the component of one script, in ComponentizeJS's default features.

import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const [sourcePath, witPath, output] = process.argv.slice(2);
const { component } = await componentize({ sourcePath, witPath });
await writeFile(output, component);
