// Packages that the user may have installed beside qrag, and that qrag itself never needs.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { QragError } from "../../base/errors.ts";

/** Imports a package from where the command runs, or else from where qrag lies. */
export async function importInstalled(name: string): Promise<unknown> {
  const from = [join(process.cwd(), "package.json"), import.meta.url];
  for (const place of from) {
    const path = resolved(name, place);
    if (path !== undefined) return import(pathToFileURL(path).href);
  }
  throw new QragError(
    "INPUT_INVALID",
    `This baseline needs the package ${name}, which is not installed here. Run \`npm install ${name}\`, or leave it out.`,
  );
}

function resolved(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}
