// Settles what names cannot tell by trying it: each candidate runs a known text, and the one that reads it clearly
// best is right. Near ties are refused, not guessed.
import type { QragError } from "../../base/errors.ts";
import { questions, type Wiring } from "../architectures/wiring.ts";
import { unmapped } from "../errors.ts";

/** How a candidate does. */
export interface Measurement {
  /** Mean surprise in nats per token of the text; infinite for a model that computes no numbers. */
  readonly surprise: number;
  /** Share of labelled rows answered right, if there are any. */
  readonly accuracy: number | undefined;
}

/** Runs a candidate. The only way to the engine. */
export type Measure = (wiring: Wiring) => Promise<Measurement>;

/** What is settled beforehand, and by what. Whatever is absent is open. */
export type Known = {
  readonly [K in keyof Wiring]?: { readonly value: Wiring[K]; readonly by: string } | undefined;
};

export interface WiringRow extends Measurement {
  readonly wiring: Wiring;
}

export interface WiringProof {
  readonly wiring: Wiring;
  /** Everything that was measured, in order. */
  readonly table: readonly WiringRow[];
  /** How each part was settled. */
  readonly settledBy: { readonly [K in keyof Wiring]: string };
  readonly warnings: readonly string[];
}

/** A right wiring reads English some nats a token better than a wrong one; half-trained models still differ by tenths. */
export const clearMargin = 0.02;
/** The same as a share of the surprise, for models that find everything surprising. */
export const clearShare = 0.01;
/** When all epsilons are this close, the activations are so large that none of them matters. */
export const immaterialSpread = 0.002;
/** A second round confirms the orders on the ground of the numbers that were found; a third would change nothing. */
const maxRounds = 2;
/** Share of labelled rows that makes a difference clear. */
export const clearAccuracy = 0.1;

/** `chance` is the surprise of a model that knows nothing: the logarithm of the vocabulary's size. */
export async function proveWiring(
  known: Known,
  chance: number,
  measure: Measure,
): Promise<WiringProof> {
  const prover = new Prover(known, chance, measure);
  for (let round = 0; round < maxRounds; round++) if (await prover.round()) break;
  return prover.proof();
}

/** The wiring when it is not to be proved; everything must be known. */
export function statedWiring(known: Known): WiringProof {
  const { rope, gateUp, normEpsilon, ropeBase } = known;
  if (!rope || !gateUp || !normEpsilon || !ropeBase) {
    throw unsettled(
      "the wiring is not stated, and --no-proof keeps it from being tried",
      openParts(known),
    );
  }
  return {
    wiring: {
      rope: rope.value,
      gateUp: gateUp.value,
      normEpsilon: normEpsilon.value,
      ropeBase: ropeBase.value,
    },
    table: [],
    settledBy: {
      rope: rope.by,
      gateUp: gateUp.by,
      normEpsilon: normEpsilon.by,
      ropeBase: ropeBase.by,
    },
    warnings: [],
  };
}

class Prover {
  private readonly known: Known;
  private readonly chance: number;
  private readonly measure: Measure;
  private readonly rows = new Map<string, WiringRow>();
  private current: Wiring;
  private best: WiringRow | undefined;
  private epsilonBy = "measured";

  constructor(known: Known, chance: number, measure: Measure) {
    this.known = known;
    this.chance = chance;
    this.measure = measure;
    this.current = {
      rope: known.rope?.value ?? questions.rope.answers[0]!,
      gateUp: known.gateUp?.value ?? questions.gateUp.answers[0]!,
      normEpsilon: known.normEpsilon?.value ?? questions.normEpsilon.answers[0]!,
      ropeBase: known.ropeBase?.value ?? questions.ropeBase.answers[0]!,
    };
  }

  /** Orders together, then the epsilon, then the base. True when the later choices did not change the ground of the first. */
  async round(): Promise<boolean> {
    const { normEpsilon, ropeBase } = this.current;
    await this.settleOrders();
    if (!this.known.normEpsilon) await this.settleEpsilon();
    if (!this.known.ropeBase) {
      const rows = await this.try(questions.ropeBase.answers.map((ropeBase) => ({ ropeBase })));
      this.current = this.pick(rows, ["ropeBase"]).wiring;
    }
    return this.current.normEpsilon === normEpsilon && this.current.ropeBase === ropeBase;
  }

  proof(): WiringProof {
    const { rope, gateUp, normEpsilon, ropeBase } = this.known;
    return {
      wiring: this.current,
      table: [...this.rows.values()],
      settledBy: {
        rope: rope?.by ?? "measured",
        gateUp: gateUp?.by ?? "measured",
        normEpsilon: normEpsilon?.by ?? this.epsilonBy,
        ropeBase: ropeBase?.by ?? "measured",
      },
      warnings: this.warnings(),
    };
  }

  private async settleOrders(): Promise<void> {
    const { rope, gateUp } = this.known;
    const all = questions.rope.answers.flatMap((rope) =>
      questions.gateUp.answers.map((gateUp) => ({ rope, gateUp })),
    );
    // Those that are ruled out are measured as well: they show when the configuration is wrong.
    const rows = await this.try(all);
    const allowed = rows.filter(
      ({ wiring }) =>
        (!rope || rope.value === wiring.rope) && (!gateUp || gateUp.value === wiring.gateUp),
    );
    const open = openParts({ ...this.known, ...settledNumbers });
    const chosen = allowed.length === 1 ? allowed[0]! : this.pick(allowed, open);
    this.current = chosen.wiring;
    this.best = rows.reduce((a, b) => (b.surprise < a.surprise ? b : a));
  }

  /** An epsilon too small to matter may be any; the first of those equals is taken if the others are clearly worse. */
  private async settleEpsilon(): Promise<void> {
    const rows = await this.try(
      questions.normEpsilon.answers.map((normEpsilon) => ({ normEpsilon })),
    );
    const least = Math.min(...rows.map(({ surprise }) => surprise));
    const equals = rows.filter(({ surprise }) => surprise - least <= immaterialSpread);
    const [first] = equals;
    if (first && rows.every((row) => equals.includes(row) || isClear(first, row))) {
      this.current = first.wiring;
      if (equals.length > 1) this.epsilonBy = "measured; of those that are as good, the most usual";
    } else {
      this.current = this.pick(rows, ["normEpsilon"]).wiring;
    }
  }

  private async try(changes: readonly Partial<Wiring>[]): Promise<WiringRow[]> {
    const found: WiringRow[] = [];
    for (const change of changes) {
      const wiring = { ...this.current, ...change };
      const key = JSON.stringify(wiring);
      const row = this.rows.get(key) ?? { wiring, ...(await this.measure(wiring)) };
      this.rows.set(key, row);
      found.push(row);
    }
    return found;
  }

  /** The clear winner by surprise that labelled rows do not contradict, or else the clear winner by those. */
  private pick(rows: readonly WiringRow[], parts: readonly (keyof Wiring)[]): WiringRow {
    const [best, ...others] = [...rows].sort((a, b) => a.surprise - b.surprise);
    const right = (row: WiringRow) => row.accuracy ?? 0;
    if (best!.surprise < this.chance && others.every((row) => isClear(best!, row))) {
      if (others.every((row) => right(row) < right(best!) + clearAccuracy)) return best!;
      throw unsettled("the text and the labelled rows speak for different wirings", parts, rows);
    }
    const [answers, ...worse] = [...rows].sort((a, b) => right(b) - right(a));
    if (worse.every((row) => right(row) <= right(answers!) - clearAccuracy)) return answers!;
    throw unsettled("trying did not settle the wiring: no candidate is clearly best", parts, rows);
  }

  private warnings(): string[] {
    const chosen = this.rows.get(JSON.stringify(this.current));
    if (!chosen || !this.best) return [];
    const warnings: string[] = [];
    if (isClear(this.best, chosen)) {
      warnings.push(
        `the model reads text clearly better with ${describe(this.best)} than as stated, ${describe(chosen)}: ` +
          "what was stated is probably wrong",
      );
    }
    if (chosen.surprise >= this.chance) {
      warnings.push(
        `the model finds English no less surprising than noise (${chosen.surprise.toFixed(2)} nats a token): ` +
          "the wiring is as stated, and not confirmed",
      );
    }
    return warnings;
  }
}

/** The numbers are settled one by one; they are no part of the choice of orders. */
const settledNumbers: Known = {
  normEpsilon: { value: 0, by: "" },
  ropeBase: { value: 0, by: "" },
};

function openParts(known: Known): (keyof Wiring)[] {
  return (Object.keys(questions) as (keyof Wiring)[]).filter((part) => !known[part]);
}

function isClear(better: Measurement, worse: Measurement): boolean {
  const margin = Math.max(clearMargin, clearShare * better.surprise);
  return worse.surprise - better.surprise >= margin;
}

function describe({ wiring, surprise, accuracy }: WiringRow): string {
  const { rope, gateUp, normEpsilon, ropeBase } = wiring;
  const rows = accuracy === undefined ? "" : `, ${(100 * accuracy).toFixed(0)}% of the rows right`;
  return `${rope}, ${gateUp}, epsilon ${normEpsilon}, base ${ropeBase} (${surprise.toFixed(3)} nats a token${rows})`;
}

function unsettled(
  reason: string,
  parts: readonly (keyof Wiring)[],
  rows: readonly WiringRow[] = [],
): QragError {
  const wanted = parts.map((part) => questions[part].flag).join(" and ");
  const otherwise = rows.length > 0 ? ", or give labelled rows with --rows" : "";
  return unmapped(
    [`${reason}. Pass ${wanted}${otherwise}.`, ...rows.map((row) => `  ${describe(row)}`)].join(
      "\n",
    ),
  );
}
