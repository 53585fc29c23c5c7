// What to do where no addon could be loaded: that depends on how qrag came here.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildNeeds, installAdvice } from "./compile/tools.ts";

/** Why a file is not the addon that was looked for. */
export interface Failure {
  readonly path: string;
  readonly reason: string;
}

/** The addon refused to run its kernels here: addon.cc's words. */
export function needsBaseline(failures: readonly Failure[]): boolean {
  return failures.some(({ reason }) => reason.startsWith("this processor lacks "));
}

/** A clone of the repository, not an installed package. */
export function isCheckout(root: string): boolean {
  return existsSync(join(root, "scripts", "build_native.ts"));
}

export function remedy(root: string, failures: readonly Failure[]): string {
  if (isCheckout(root)) {
    const form = needsBaseline(failures) ? " -- --baseline" : "";
    return `Run \`npm run build:native${form}\` in ${root}. It needs ${buildNeeds}.\n${installAdvice()}`;
  }
  // Electron reads packages out of an archive, and nothing can be written into one.
  if (/\.asar([\\/]|$)/.test(root)) {
    return (
      "qrag lies in an asar archive here. Where it brings no addon for this platform, run `npx qrag build` in the app's " +
      "project before the app is packed. Keep the addon out of the archive; in electron-builder's configuration: " +
      '"asarUnpack": ["**/*.node"]'
    );
  }
  return (
    "Run `npx qrag build` in your project: it compiles the sources that came with the package, which takes a few " +
    `minutes and no network. It needs ${buildNeeds}.\n${installAdvice()}\n` +
    "Without a compiler here, copy node_modules/qrag/build/Release/qrag.node from a machine of the same kind that has one."
  );
}
