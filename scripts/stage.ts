// Stages what is published of the native part: the addon just built, for machines of this kind, and the sources for any other.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeAtomically } from "../base/atomic_file.ts";
import { builtAddon, prebuiltAddon } from "../native/addon_paths.ts";
import { fail, root } from "./build_tools.ts";
import { optionsOf } from "./command_line.ts";
import { updateVendor } from "./vendor.ts";

optionsOf(
  `Usage: npm run stage

Puts what is published of the native part where npm packs it: the addon just built into prebuilds/, and what others
wrote of its sources into vendor/. No options.`,
  {},
);
const built = builtAddon(root);
if (!existsSync(built)) fail(`${built} is missing; npm run build:native makes it`);
const staged = prebuiltAddon(root);
mkdirSync(dirname(staged), { recursive: true });
await writeAtomically(staged, { force: true }, (sink) => sink.write(readFileSync(built)));
updateVendor();
