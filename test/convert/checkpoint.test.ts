// Opening checkpoints: told by content, weights and configuration found wherever training scripts put them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { QragError } from "../../base/errors.ts";
import { openCheckpoint, readCheckpoint } from "../../convert/checkpoint/checkpoint.ts";
import { bytesSource } from "../../gguf/source.ts";
import {
  build,
  type Code,
  call,
  emptyTuple,
  global,
  int,
  mark,
  newObject,
  none,
  orderedDict,
  pickleOf,
  raw,
  setItems,
  text,
  tupleOf,
  value,
} from "./pickle_builder.ts";
import { buildSafetensors } from "./safetensors_builder.ts";
import { floats, parameterCode, tensorCode, torchArchive, torchFile } from "./torch_builder.ts";
import { bytesOf, concat } from "./zip_builder.ts";

const w = tensorCode();
const read = (bytes: Uint8Array) => readCheckpoint(bytesSource(bytes));

describe("readCheckpoint finds the weights", () => {
  const places: Record<string, unknown> = {
    "at the top": { w },
    "under model_state": { model_state: { w }, optimizer: { state: {} }, epoch: 3 },
    "under state_dict": { state_dict: { w } },
    "under model": { model: { w } },
    "under model_state_dict": { model_state_dict: { w } },
    "in an OrderedDict": {
      model_state: concat([
        orderedDict(),
        mark,
        text("w"),
        w,
        setItems,
        value({ _metadata: {} }),
        build,
      ]),
    },
    "as parameters": { model_state: { w: parameterCode() } },
    "below the prefix of torch.compile": { model_state: { "_orig_mod.w": w } },
    "below several prefixes": { model_state: { "module._orig_mod.module.w": w } },
  };
  for (const [name, object] of Object.entries(places)) {
    it(name, async () => {
      const checkpoint = await read(torchFile(object));
      expect(checkpoint.format).toBe("torch");
      expect([...checkpoint.tensors.keys()]).toEqual(["w"]);
      expect([...(await checkpoint.tensors.get("w")!.read())]).toEqual([1, 2, 3, 4, 5, 6]);
    });
  }

  it("with wrappers in the middle of names", async () => {
    const checkpoint = await read(torchFile({ "layers.0._orig_mod.mlp.module.w": w }));
    expect([...checkpoint.tensors.keys()]).toEqual(["layers.0.mlp.w"]);
    expect(checkpoint.notes.join("\n")).toContain("_orig_mod, module");
  });

  it("and names the entries that are no tensors", async () => {
    const checkpoint = await read(torchFile({ model_state: { w, step: 3, empty: none } }));
    expect(checkpoint.notes.join("\n")).toContain('"step", "empty"');
  });

  it("in a safetensors file", async () => {
    const tensors = { "module.w": { dtype: "F32", shape: [2], data: floats(1, 2) } };
    const checkpoint = await read(buildSafetensors(tensors, { format: "pt" }));
    expect(checkpoint.format).toBe("safetensors");
    expect([...checkpoint.tensors.keys()]).toEqual(["w"]);
    expect(checkpoint.notes).toContain('metadata "format": "pt"');
  });
});

describe("readCheckpoint finds the configuration", () => {
  const instance = (state: Code) =>
    concat([global("__main__", "Config"), emptyTuple, newObject, state, build]);
  const expected = new Map<string, unknown>([
    ["dim", 8],
    ["theta", 1e4],
  ]);
  const dict = value({ dim: 8, theta: 1e4 });
  const forms: Record<string, [string, Code]> = {
    "as a dict": ["model_cfg", dict],
    "under config": ["config", dict],
    "as an object of an unknown class": ["model_cfg", instance(dict)],
    "as an object with slots": ["model_cfg", instance(tupleOf(none, dict))],
    "as a namespace": [
      "args",
      concat([global("argparse", "Namespace"), emptyTuple, newObject, dict, build]),
    ],
  };
  for (const [name, [key, code]] of Object.entries(forms)) {
    it(name, async () => {
      const checkpoint = await read(torchFile({ [key]: code, model_state: { w } }));
      expect(checkpoint.configSource).toBe(key);
      expect(checkpoint.config).toEqual(expected);
    });
  }

  it("with every kind of value as plain data", async () => {
    const members = {
      list: [1, "a", true, null],
      tuple: tupleOf(int(1), int(2)),
      nested: { deep: { x: 1.5 } },
      dtype: global("torch", "bfloat16"),
      large: raw(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1),
      bytes: raw(0x43, 1, 7),
      path: call("pathlib", "PosixPath", text("/")),
    };
    const checkpoint = await read(torchFile({ model_cfg: members, model_state: { w } }));
    expect(checkpoint.config).toEqual(
      new Map<string, unknown>([
        ["list", [1, "a", true, null]],
        ["tuple", [1, 2]],
        ["nested", new Map([["deep", new Map([["x", 1.5]])]])],
        ["dtype", "torch.bfloat16"],
        ["large", 2 ** 64],
        ["path", "pathlib.PosixPath"],
      ]),
    );
  });

  it("that contains itself, cut off", async () => {
    const loop = concat([raw(0x7d, 0x71, 5), text("self"), raw(0x68, 5, 0x73)]);
    const checkpoint = await read(torchFile({ model_cfg: loop, model_state: { w } }));
    expect(checkpoint.config?.has("self")).toBe(true);
  });

  it("that multiplies itself, cut off", async () => {
    let code: Code = value([1]);
    for (let level = 0; level < 6; level++) {
      const copies = new Array(100).fill(raw(0x68, level));
      code = concat([code, raw(0x71, level, 0x30), value([])].concat([mark, ...copies, raw(0x65)]));
    }
    const checkpoint = await read(torchFile({ model_state: { w }, model_cfg: { list: code } }));
    expect(JSON.stringify(checkpoint.config?.get("list")).length).toBeLessThan(100_000);
  });

  it("and says which code the file names", async () => {
    const hostile = call("os", "system", text("exit 1"));
    const checkpoint = await read(
      torchFile({ model_cfg: { dim: 8, x: hostile }, model_state: { w } }),
    );
    expect(checkpoint.config?.get("x")).toBe("os.system");
    expect(checkpoint.notes.join("\n")).toContain('"os.system"');
  });
});

describe("readCheckpoint refuses", () => {
  const tar = new Uint8Array(512);
  tar.set(bytesOf("ustar"), 257);
  const module = concat([
    global("torch.nn.modules.linear", "Linear"),
    emptyTuple,
    newObject,
    value({ _modules: {}, _parameters: { w } }),
    build,
  ]);
  const many = Array.from({ length: 65_537 }, (_, i) => concat([text(`${i}`), raw(0x68, 9)]));
  const malformed: Record<string, [Uint8Array, RegExp]> = {
    "an empty file": [new Uint8Array(), /neither/],
    "a text file": [bytesOf("hello, world"), /neither/],
    "PyTorch's format before 1.6": [
      raw(0x80, 2, 0x8a, 0x0a, 0x6c),
      /torch\.save\(torch\.load\(p\), p\)/,
    ],
    "PyTorch's tar format": [tar, /torch\.save\(torch\.load\(p\), p\)/],
    "a GGUF file": [bytesOf("GGUF\x03\0\0\0"), /qrag quantize/],
    "a list": [torchFile([w]), /no dict/],
    "a lone tensor": [torchFile(w), /no dict/],
    "a dict without tensors": [torchFile({ epoch: 3 }), /"epoch"/],
    "a whole module": [torchFile(module), /state_dict\(\)/],
    "a whole module under a key": [torchFile({ model: module }), /state_dict\(\)/],
    "weights made by a call": [
      torchFile({ model_state: { w, x: call("os", "system", text("exit 1")) } }),
      /"x" is made by "os\.system", which is never called/,
    ],
    "weights with a key that is not text": [
      torchFile(concat([raw(0x7d), mark, int(1), w, text("w"), w, setItems])),
      /not text/,
    ],
    "more weights than any model": [
      torchFile(concat([w, raw(0x71, 9, 0x30, 0x7d), mark, ...many, setItems])),
      /at most 65536/,
    ],
    "two names that become one": [torchFile({ "module.w": w, w }), /two tensors are named/],
  };
  for (const [name, [bytes, reason]] of Object.entries(malformed)) {
    it(name, async () => {
      const error = await read(bytes).catch((caught) => caught);
      expect(error).toBeInstanceOf(QragError);
      expect(error.code).toBe("CHECKPOINT_INVALID");
      expect(error.message).toMatch(reason);
    });
  }

  it("or reads whole tensors, whatever bytes of the pickle are changed", async () => {
    const storages = { 0: floats(1, 2, 3, 4, 5, 6) };
    const bytes = pickleOf(
      value({ model_cfg: { dim: 8 }, model_state: { w, v: parameterCode() } }),
    );
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = bytes.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        try {
          const { tensors } = await read(torchArchive(changed, storages));
          for (const { shape, read: values } of tensors.values()) {
            expect((await values()).length).toBe(shape.reduce((count, size) => count * size, 1));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(QragError);
        }
      }),
      { seed: 1, numRuns: 3_000 },
    );
  });

  it("a file cut at any byte", async () => {
    const bytes = torchFile({ model_cfg: { dim: 8 }, model_state: { w } });
    for (let length = 0; length < bytes.length; length++) {
      await expect(read(bytes.slice(0, length)), `${length} bytes`).rejects.toThrow(QragError);
    }
  });
});

describe("openCheckpoint", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "qrag-checkpoint-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const tensors = { w: { dtype: "F32", shape: [2], data: floats(1, 2) } };
  async function write(name: string, bytes: Uint8Array | string): Promise<string> {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  }

  it("takes config.json from beside the file, whatever the file is called", async () => {
    const path = await write("model.bin", buildSafetensors(tensors));
    await write("config.json", '{"dim": 8, "__proto__": {"x": [1]}}');
    const checkpoint = await openCheckpoint(path);
    await checkpoint.close();
    expect(checkpoint.configSource).toBe("config.json");
    expect(checkpoint.config).toEqual(
      new Map<string, unknown>([
        ["dim", 8],
        ["__proto__", new Map([["x", [1]]])],
      ]),
    );
  });

  const bad: Record<string, [string, RegExp]> = {
    "that is not JSON": ["{", /not JSON/],
    "that is no object": ["[]", /not a JSON object/],
    "that is too large": [" ".repeat(2 ** 20 + 1), /too large/],
  };
  for (const [name, [config, reason]] of Object.entries(bad)) {
    it(`refuses a config.json ${name}`, async () => {
      const path = await write("model.safetensors", buildSafetensors(tensors));
      await write("config.json", config);
      await expect(openCheckpoint(path)).rejects.toThrow(reason);
    });
  }

  it("names the file in its errors", async () => {
    const path = await write("text.pt", "hello");
    for (const bad of [path, join(folder, "absent.pt"), folder]) {
      const error = await openCheckpoint(bad).catch((caught) => caught);
      expect(error.code).toBe("CHECKPOINT_INVALID");
      expect(error.message).toContain(bad);
    }
  });
});
