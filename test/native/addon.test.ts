// The addon's border: its exports, and hostile values at every entry.
import { describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { addonPaths } from "../../native/addon_paths.ts";
import { addon } from "../../native/loader.ts";
import { openModel } from "../../native/model.ts";
import { openSmallModel, smallNumbers, smallTensors } from "./small_model.ts";

const hostile: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  -(2 ** 31),
  10n,
  "",
  "F32",
  Symbol("s"),
  [],
  [1, 2],
  {},
  () => 1,
  new Proxy({}, { get: () => Number.NaN }),
  new Proxy([], {}),
  new Uint8Array(3),
  new Int32Array(3),
  new Float32Array(3),
  new Float64Array(3),
  new BigInt64Array(1),
  new DataView(new ArrayBuffer(4)),
  new ArrayBuffer(4),
  detached(),
];

function detached(): Int32Array {
  const array = new Int32Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** Calls, and accepts a value, or an error of ours, or one that the hostile value itself threw. */
async function survives(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    if (error instanceof QragError) expect(error.code).not.toBe("INTERNAL");
  }
}

const options = { threads: 1, kernels: "", unpack: false };

describe("the addon", () => {
  it("exports what the contract names and nothing else", () => {
    const names = [
      "Model",
      "Scan",
      "Tokenizer",
      "version",
      "kernels",
      "architectures",
      "quantizeRows",
      "dequantizeRows",
      "useErrorClass",
    ];
    expect(Object.keys(addon()).sort()).toEqual(names.sort());
    const methods = ["constructor", "write", "seal", "score", "trace", "dispose", "kernels"];
    expect(Object.getOwnPropertyNames(addon().Model.prototype).sort()).toEqual(methods.sort());
  });

  it("says what it is", () => {
    expect(addon().version()).toEqual({
      qrag: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      ggml: expect.stringMatching(/^\d+\.\d+/),
      instructionSet: expect.stringMatching(/^(avx2|sse4\.2|neon|portable)$/),
    });
  });

  it("runs every kernel set it names, and refuses others with their list", async () => {
    const sets = addon().kernels();
    expect(sets.at(-1)).toBe("portable");
    for (const kernels of [...sets, "reference"]) {
      const model = await openSmallModel(2, "Q8_0", kernels);
      expect(model.kernels).toBe(kernels);
      const logits = await model.score(new Int32Array([1, 2]), new Int32Array([0, 2]), "decision");
      expect(logits.every(Number.isFinite)).toBe(true);
      model.dispose();
    }
    await expect(openSmallModel(1, "F32", "avx9000")).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringContaining(
        `"avx9000" run on this machine, which has: ${sets.join(", ")}`,
      ),
    });
  });

  it("is looked for in a local build first, then among the prebuilt ones", () => {
    const paths = [...addonPaths("root")].map((path) => path.replaceAll("\\", "/"));
    expect(paths[0]).toBe("root/build/Release/qrag.node");
    expect(paths.at(-1)).toMatch(
      /^root\/prebuilds\/[a-z0-9]+-[a-z0-9]+(-musl)?\/qrag-baseline\.node$/,
    );
  });
});

describe("hostile arguments", () => {
  it("end in a typed error at every function", async () => {
    const { quantizeRows, dequantizeRows, Model } = addon();
    const tensors = smallTensors(smallNumbers);
    const call = (f: unknown, ...args: unknown[]) =>
      (f as (...args: unknown[]) => unknown)(...args);
    for (const a of hostile) {
      for (const b of hostile) {
        await survives(() => call(quantizeRows, "Q8_0", a, b));
        await survives(() => call(quantizeRows, a, b, 32));
        await survives(() => call(dequantizeRows, "Q4_K", a, b));
        await survives(() => new Model("qrag", a as never, b as never, options));
        await survives(() => new Model(a as never, smallNumbers, tensors, b as never));
        await survives(
          () => new Model("bert", { ...smallNumbers, blockCount: a as never }, b as never, options),
        );
        const { threads, kernels } = options;
        await survives(
          () => new Model("qrag", smallNumbers, tensors, { threads: a, kernels: b } as never),
        );
        await survives(
          () =>
            new Model("qrag", smallNumbers, tensors, {
              threads,
              kernels,
              unpack: a,
              pooling: b,
            } as never),
        );
      }
    }
  });

  it("end in a typed error at every method, and the model still works", async () => {
    const model = await openSmallModel();
    const tokens = new Int32Array([1, 2, 3]);
    const expected = await model.score(tokens, new Int32Array([0, 3]), "decision");
    for (const a of hostile) {
      for (const b of hostile) {
        await survives(() => model.score(a as never, b as never, "decision"));
        await survives(() => model.score(tokens, a as never, b as never));
        await survives(() => model.score(tokens, new Int32Array([0, 3]), a as never, b as never));
        await survives(() => model.write(a as never, b as never, new Uint8Array(4)));
      }
      await survives(() => model.trace(a as never));
      await survives(() => model.trace(tokens, a as never));
      await survives(() => model.seal());
      const method = model.score as (this: unknown, ...args: unknown[]) => unknown;
      await survives(() => method.call(a, tokens, new Int32Array([0, 3]), "decision"));
    }
    expect(await model.score(tokens, new Int32Array([0, 3]), "decision")).toEqual(expected);
    model.dispose();
  });

  it("cannot name getters that throw into an abort", async () => {
    const trap = Object.defineProperty({ ...smallNumbers }, "headCount", {
      get() {
        throw new TypeError("mine");
      },
    });
    expect(() => new (addon().Model)("qrag", trap, [], options)).toThrow("mine");
  });
});

describe("rows", () => {
  const types = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K", "Q6_K"];
  // The largest error of a value, as a part of the largest magnitude in its block: half a step of each type.
  const step: Record<string, number> = {
    F32: 0,
    F16: 2 ** -11,
    BF16: 2 ** -8,
    Q8_0: 0.5 / 127 + 2 ** -11,
    Q4_0: 1 / 8,
    Q4_K: 1 / 8,
    Q6_K: 1 / 24,
  };

  it.each(types)("of %s come back within a step", (type) => {
    const values = Float32Array.from(
      { length: 4 * 512 },
      (_, i) => Math.sin(i * 1.7) * (1 + (i % 5)),
    );
    const bytes = addon().quantizeRows(type, values, 512);
    const back = addon().dequantizeRows(type, bytes, 512);
    expect(back.length).toBe(values.length);
    for (let i = 0; i < values.length; i++) {
      expect(Math.abs(back[i]! - values[i]!)).toBeLessThanOrEqual(5 * step[type]!);
    }
  });

  it("may lie at any byte of a buffer", () => {
    const values = Float32Array.from({ length: 64 }, (_, i) => i - 31);
    const bytes = addon().quantizeRows("F16", values, 64);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(addon().dequantizeRows("F16", shifted.subarray(1), 64)).toEqual(values);
  });

  it("of a length that is no whole block, or not finite, are refused", () => {
    const code = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        return (error as QragError).code;
      }
      return "accepted";
    };
    expect(code(() => addon().quantizeRows("Q8_0", new Float32Array(48), 48))).toBe(
      "INPUT_INVALID",
    );
    expect(code(() => addon().quantizeRows("Q4_K", new Float32Array(32), 32))).toBe(
      "INPUT_INVALID",
    );
    expect(code(() => addon().quantizeRows("F32", new Float32Array(5), 2))).toBe("INPUT_INVALID");
    expect(code(() => addon().quantizeRows("F32", new Float32Array(5), 0))).toBe("INPUT_INVALID");
    expect(
      code(() => addon().quantizeRows("Q4_0", new Float32Array(32).fill(Number.NaN), 32)),
    ).toBe("INPUT_INVALID");
    expect(code(() => addon().dequantizeRows("Q8_0", new Uint8Array(35), 32))).toBe(
      "INPUT_INVALID",
    );
    expect(code(() => addon().quantizeRows("Q8_0", new Float32Array(0), 32))).toBe("accepted");
  });
});

describe("a model's life", () => {
  const tokens = new Int32Array([5, 6, 7, 8]);
  const offsets = new Int32Array([0, 4]);

  it("refuses to score before it is sealed, and to be filled after", async () => {
    const raw = new (addon().Model)("qrag", smallNumbers, smallTensors(smallNumbers), options);
    expect(() => raw.score(tokens, offsets, "decision")).toThrow("seal the model first");
    await expect(raw.seal()).rejects.toMatchObject({ code: "MODEL_INVALID" });
    raw.dispose();
    const model = await openSmallModel();
    expect(() => model.write(0, 0, new Uint8Array(4))).toThrow("sealed");
    model.dispose();
  });

  it("refuses a second call while one runs", async () => {
    const model = await openSmallModel();
    const first = model.score(tokens, offsets, "decision");
    expect(() => model.score(tokens, offsets, "decision")).toThrow("one call at a time");
    expect((await first).length).toBe(2);
    model.dispose();
  });

  it("copies the tokens before the call returns", async () => {
    const model = await openSmallModel();
    const expected = await model.score(tokens, offsets, "decision");
    const changing = tokens.slice();
    const running = model.score(changing, offsets, "decision");
    changing.fill(1);
    expect(await running).toEqual(expected);
    model.dispose();
  });

  it("rejects the running call with DISPOSED, and every later one", async () => {
    const model = await openSmallModel();
    const running = model.score(tokens, offsets, "decision");
    model.dispose();
    model.dispose();
    await expect(running).rejects.toMatchObject({ code: "DISPOSED" });
    expect(() => model.score(tokens, offsets, "decision")).toThrow("disposed");
    expect(() => model.write(0, 0, new Uint8Array(4))).toThrow("disposed");
  });

  it.each(["reference", ""])(
    "gives the same bits whatever the number of threads (%s)",
    async (kernels) => {
      const results = [];
      for (const threads of [1, 2, 5]) {
        const model = await openSmallModel(threads, "Q8_0", kernels);
        results.push(await model.score(tokens, offsets, "decision"));
        model.dispose();
      }
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    },
  );

  it("leaves nothing behind when a stream of its bytes fails", async () => {
    const tensors = smallTensors(smallNumbers);
    tensors[3] = {
      ...tensors[3]!,
      chunks: () => {
        throw new Error("disk");
      },
    };
    await expect(openModel("qrag", smallNumbers, tensors, { threads: 1 })).rejects.toThrow("disk");
  });

  it("can be opened, used and dropped to the garbage collector many times", async () => {
    for (let i = 0; i < 20; i++) {
      const model = await openSmallModel(2);
      await model.score(tokens, offsets, "argmax");
      if (i % 2 === 0) model.dispose();
    }
  });
});
