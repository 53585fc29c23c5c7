// The proof of the wiring against made-up measurements: clear winners are taken, everything else is refused.
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import type { Wiring } from "../../convert/architectures/wiring.ts";
import {
  type Known,
  type Measurement,
  proveWiring,
  statedWiring,
} from "../../convert/proof/wiring.ts";

const chance = Math.log(512);

/** Surprise as a sum of what each part adds; nothing adds by default. */
function surprises(parts: (wiring: Wiring) => number, accuracy?: (wiring: Wiring) => number) {
  const asked: Wiring[] = [];
  const measure = async (wiring: Wiring): Promise<Measurement> => {
    asked.push(wiring);
    return { surprise: 3 + parts(wiring), accuracy: accuracy?.(wiring) };
  };
  return { measure, asked };
}

const stated = <T>(value: T) => ({ value, by: "--flag" });
const numbers: Known = { normEpsilon: stated(1e-5), ropeBase: stated(10_000) };
const all: Known = {
  ...numbers,
  rope: stated("half" as const),
  gateUp: stated("gate-first" as const),
};

const worseIf = (condition: boolean, by = 0.5) => (condition ? by : 0);

describe("proveWiring", () => {
  it("finds all four, and says that they were measured", async () => {
    const { measure } = surprises(
      ({ rope, gateUp, normEpsilon, ropeBase }) =>
        worseIf(rope !== "interleaved") +
        worseIf(gateUp !== "up-first") +
        worseIf(normEpsilon !== 1e-6) +
        worseIf(ropeBase !== 500_000),
    );
    const proof = await proveWiring({}, 8, measure);
    expect(proof.wiring).toEqual({
      rope: "interleaved",
      gateUp: "up-first",
      normEpsilon: 1e-6,
      ropeBase: 500_000,
    });
    expect(new Set(Object.values(proof.settledBy))).toEqual(new Set(["measured"]));
    expect(proof.warnings).toEqual([]);
  });

  it("settles the orders together", async () => {
    const { measure } = surprises(({ rope, gateUp }) =>
      worseIf(!(rope === "interleaved" && gateUp === "up-first"), 1),
    );
    const { wiring } = await proveWiring(numbers, chance, measure);
    expect([wiring.rope, wiring.gateUp]).toEqual(["interleaved", "up-first"]);
  });

  it("asks again when the numbers it started from were wrong", async () => {
    // With the wrong base the orders look the other way round.
    const { measure } = surprises(({ rope, ropeBase }) =>
      ropeBase === 10_000
        ? 1 + worseIf(rope === "half")
        : worseIf(ropeBase !== 500_000) + worseIf(rope !== "half"),
    );
    const { gateUp, normEpsilon } = all;
    const { wiring } = await proveWiring(
      { gateUp: gateUp!, normEpsilon: normEpsilon! },
      chance,
      measure,
    );
    expect([wiring.rope, wiring.ropeBase]).toEqual(["half", 500_000]);
  });

  it("measures nothing twice", async () => {
    const { measure, asked } = surprises(
      ({ rope, gateUp, ropeBase }) =>
        worseIf(rope !== "half") + worseIf(gateUp !== "gate-first") + worseIf(ropeBase !== 1e6),
    );
    await proveWiring({}, chance, measure);
    expect(new Set(asked.map((wiring) => JSON.stringify(wiring))).size).toBe(asked.length);
  });

  it("leaves what is stated, and stays silent when it is right", async () => {
    const { measure, asked } = surprises(({ rope }) => worseIf(rope !== "half"));
    const proof = await proveWiring(all, chance, measure);
    expect(proof.wiring.rope).toBe("half");
    expect(proof.settledBy.rope).toBe("--flag");
    expect(proof.warnings).toEqual([]);
    expect(asked).toHaveLength(4);
    expect(proof.table).toHaveLength(4);
  });

  it("does not mind near ties when everything is stated", async () => {
    const { measure } = surprises(() => 0);
    expect((await proveWiring(all, chance, measure)).warnings).toEqual([]);
  });

  it("warns when something else than was stated reads clearly better", async () => {
    const { measure } = surprises(({ rope }) => worseIf(rope === "half"));
    const proof = await proveWiring(all, chance, measure);
    expect(proof.wiring.rope).toBe("half");
    expect(proof.warnings[0]).toMatch(/clearly better with interleaved/);
  });

  it("warns when the model reads nothing", async () => {
    const { measure } = surprises(() => 4);
    expect((await proveWiring(all, chance, measure)).warnings[0]).toMatch(/noise/);
  });

  it("takes the usual epsilon where none matters, and says so", async () => {
    const { measure } = surprises(({ normEpsilon }) => (normEpsilon === 1e-8 ? -0.001 : 0));
    const { rope, gateUp, ropeBase } = all;
    const proof = await proveWiring(
      { rope: rope!, gateUp: gateUp!, ropeBase: ropeBase! },
      chance,
      measure,
    );
    expect(proof.wiring.normEpsilon).toBe(1e-5);
    expect(proof.settledBy.normEpsilon).toMatch(/as good/);
  });

  it("takes one of the small epsilons where only those are good", async () => {
    const { measure } = surprises(({ normEpsilon }) => worseIf(normEpsilon === 1e-5));
    const { rope, gateUp, ropeBase } = all;
    const proof = await proveWiring(
      { rope: rope!, gateUp: gateUp!, ropeBase: ropeBase! },
      chance,
      measure,
    );
    expect(proof.wiring.normEpsilon).toBe(1e-6);
  });

  it("lets labelled rows decide where the text does not", async () => {
    const { measure } = surprises(
      () => 0,
      ({ rope }) => (rope === "interleaved" ? 0.9 : 0.5),
    );
    const { wiring } = await proveWiring({ ...numbers, gateUp: all.gateUp! }, chance, measure);
    expect(wiring.rope).toBe("interleaved");
  });

  const refused: Record<
    string,
    [Known, (wiring: Wiring) => number, ((wiring: Wiring) => number) | undefined, RegExp]
  > = {
    "equal candidates": [numbers, () => 0, undefined, /--rope and --gate-up/],
    "near ties": [
      { ...numbers, gateUp: all.gateUp! },
      ({ rope }) => worseIf(rope === "half", 0.015),
      undefined,
      /Pass --rope,/,
    ],
    "a margin that is small beside the surprise": [
      { ...numbers, gateUp: all.gateUp! },
      ({ rope }) => worseIf(rope === "half", 0.025),
      undefined,
      /--rope/,
    ],
    "two winners that tie": [
      numbers,
      ({ rope }) => worseIf(rope === "half"),
      undefined,
      /--gate-up/,
    ],
    "a winner that knows nothing": [
      numbers,
      ({ rope, gateUp }) => 4 + worseIf(rope === "half") + worseIf(gateUp === "up-first"),
      undefined,
      /clearly best/,
    ],
    "epsilons that differ a little": [
      { ...all, normEpsilon: undefined },
      ({ normEpsilon }) => worseIf(normEpsilon === 1e-8, 0.01),
      undefined,
      /--norm-eps/,
    ],
    "equal bases": [{ ...all, ropeBase: undefined }, () => 0, undefined, /--rope-base/],
    "models that compute no numbers": [
      { ...all, normEpsilon: undefined },
      () => Number.POSITIVE_INFINITY,
      undefined,
      /--norm-eps/,
    ],
    "labelled rows that contradict the text": [
      { ...numbers, gateUp: all.gateUp! },
      ({ rope }) => worseIf(rope === "half"),
      ({ rope }) => (rope === "half" ? 0.9 : 0.5),
      /different wirings/,
    ],
    "labelled rows that nearly tie": [
      { ...numbers, gateUp: all.gateUp! },
      () => 0,
      ({ rope }) => (rope === "half" ? 0.52 : 0.5),
      /--rope/,
    ],
  };
  for (const [name, [known, parts, accuracy, reason]] of Object.entries(refused)) {
    it(`refuses ${name}`, async () => {
      const error = await proveWiring(known, chance, surprises(parts, accuracy).measure).catch(
        (caught) => caught,
      );
      expect(error).toBeInstanceOf(QragError);
      expect(error.code).toBe("CHECKPOINT_UNMAPPED");
      expect(error.message).toMatch(reason);
    });
  }
});

describe("statedWiring", () => {
  it("needs all four", () => {
    expect(statedWiring(all).wiring).toEqual({
      rope: "half",
      gateUp: "gate-first",
      normEpsilon: 1e-5,
      ropeBase: 10_000,
    });
    expect(() => statedWiring(numbers)).toThrow(/--rope and --gate-up/);
  });
});
