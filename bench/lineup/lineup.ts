// Who of a suite's contenders takes part in a run: those asked for that are installed, and the references they need.
import { installLine, peerInstalled, peers } from "../contenders/installed.ts";
import { torchInstalled } from "../contenders/pytorch.ts";
import type { Entry } from "./entry.ts";

export interface Lineup {
  /** References that are only asked for their answers run no cases. */
  readonly entries: readonly Entry[];
  /** Why some are not among them, a line each. */
  readonly skipped: readonly string[];
}

/** Those whose name begins with `only`, qrag itself, and the references they need. */
export function lineup(all: readonly Entry[], options: { quick: boolean; only: string }): Lineup {
  const chosen = all.filter(
    ({ name, quick, cases }) =>
      (name === "qrag" || (cases.length > 0 && name.startsWith(options.only))) &&
      (quick === true || !options.quick),
  );
  const missing = new Set(
    [...peers, "torch" as const].filter(
      (need) => chosen.some(({ needs }) => needs === need) && !installed(need),
    ),
  );
  const able = chosen.filter(({ needs }) => needs === undefined || !missing.has(needs));
  const skipped = [...missing].map((need) => {
    const names = chosen.filter(({ needs }) => needs === need).map(({ name }) => name);
    const reason =
      need === "torch"
        ? "/usr/bin/python3 cannot import torch"
        : `${need} is not installed (${installLine})`;
    return `left out: ${names.join(", ")}: ${reason}`;
  });
  const needed = new Set(able.map(({ reference }) => reference));
  const taking = all.flatMap((entry) => {
    if (able.includes(entry)) return [entry];
    return needed.has(entry.name) ? [{ ...entry, cases: [] }] : [];
  });
  return { entries: taking, skipped };
}

const installed = (need: NonNullable<Entry["needs"]>) =>
  need === "torch" ? torchInstalled() : peerInstalled(need);
