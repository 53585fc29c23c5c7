// BERT folders: what each of their files settles, and a refusal by name of everything that would be computed otherwise.
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ConvertOptions } from "../../convert/options.ts";
import { requantize } from "../../convert/requantize.ts";
import { describeModel } from "../../gguf/architecture.ts";
import { readGguf } from "../../gguf/read.ts";
import { bytesSource } from "../../gguf/source.ts";
import { tokenizerJson } from "../fixtures.ts";
import {
  bertConfig,
  bertRows,
  bertTensors,
  classifierFiles,
  embedderFiles,
  type Files,
  Folders,
  matrix,
  modules,
  type Tensors,
} from "./bert_folder.ts";
import { asSafetensors, asTorch } from "./model_builder.ts";

const folders = new Folders();
afterAll(() => folders.remove());

async function describeFile(path: string) {
  const file = await readGguf(bytesSource(new Uint8Array(await readFile(path))));
  return { file, model: describeModel(file) };
}

async function converted(files: Files, more: Partial<ConvertOptions> = {}) {
  const { report, output, folder } = await folders.convert(files, more);
  return { report, output, folder, ...(await describeFile(output)) };
}

const vocabulary = () => {
  const { model } = JSON.parse(tokenizerJson("wordpiece"));
  const byId = Object.entries(model.vocab as Record<string, number>).sort(([, a], [, b]) => a - b);
  return byId.map(([text]) => `${text}\n`).join("");
};

describe("a folder for vectors", () => {
  it("says pooling, normalization, length and prompts by its files", async () => {
    const { model, report } = await converted({
      ...embedderFiles(),
      "sentence_bert_config.json": { max_seq_length: 16, do_lower_case: false },
      "config_sentence_transformers.json": {
        prompts: { query: "query: ", document: "passage: ", clustering: "cluster: " },
      },
    });
    expect(model).toMatchObject({
      architecture: "bert",
      output: { kind: "vector", pooling: "mean", normalize: true },
      frame: { kind: "text", query: "query: ", passage: "passage: " },
      numbers: { contextLength: 16, headCount: 2, keyLength: 16, outputCount: 0 },
    });
    expect(report.dropped.map(({ name }) => name)).toEqual([
      "pooler.dense.weight",
      "pooler.dense.bias",
    ]);
    expect(report.wiring).toBe(undefined);
    expect(report.notes.join("\n")).toContain('"clustering"');
    // Of the table of positions only what is used goes along.
    expect(model.tensors.find(({ name }) => name === "position_embd.weight")?.shape).toEqual([
      32, 16,
    ]);
  });

  const poolings: [string, Files, object][] = [
    [
      "named by one flag of many",
      {
        "1_Pooling/config.json": { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false },
      },
      { pooling: "cls", normalize: true },
    ],
    [
      "named by a word",
      { "1_Pooling/config.json": { pooling_mode: "cls" } },
      { pooling: "cls", normalize: true },
    ],
    [
      "not normalized",
      { "modules.json": modules("Transformer", "Pooling") },
      { pooling: "mean", normalize: false },
    ],
    [
      "of classes with another path",
      {
        "modules.json": [
          { path: "", type: "sentence_transformers.base.modules.transformer.Transformer" },
          { path: "1_Pooling", type: "sentence_transformers.x.Pooling" },
        ],
      },
      { pooling: "mean", normalize: false },
    ],
  ];
  it.each(poolings)("may have its pooling %s", async (_name, files, expected) => {
    const { model } = await converted({ ...embedderFiles(), ...files });
    expect(model.output).toEqual({ kind: "vector", ...expected });
  });

  it("is overruled by flags, and done without by them", async () => {
    const stated: Partial<ConvertOptions> = {
      pooling: "cls",
      ...{ normalize: false, queryPrefix: "q: ", passagePrefix: "p: " },
      contextLength: 8,
    };
    for (const files of [embedderFiles(), { ...embedderFiles(), "modules.json": undefined }]) {
      const { model } = await converted(files, stated);
      expect(model).toMatchObject({
        output: { pooling: "cls", normalize: false },
        frame: { query: "q: ", passage: "p: " },
        numbers: { contextLength: 8 },
      });
    }
  });

  it("may keep its weights in a folder of their own, as the oldest do", async () => {
    const moved = Object.entries(embedderFiles()).map(([path, content]) => [
      /^(config|model|tokenizer)\./.test(path) ? `0_Transformer/${path}` : path,
      content,
    ]);
    const files = Object.fromEntries(moved);
    const list = modules("Transformer", "Pooling");
    list[0]!.path = "0_Transformer";
    const { model } = await converted(
      { ...files, "modules.json": list, "tokenizer.json": JSON.parse(tokenizerJson("wordpiece")) },
      {},
    );
    expect(model.output).toMatchObject({ pooling: "mean" });
  });

  it("is the same model by any of its names, files and types", async () => {
    const reference = await converted(embedderFiles());
    const { "model.safetensors": _, ...others } = embedderFiles();
    const renamed = (change: (name: string) => string): Tensors =>
      new Map([...bertTensors()].map(([name, tensor]) => [change(name), tensor]));
    const gamma = (name: string) =>
      name
        .replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta");
    const ways: Files[] = [
      { "model.safetensors": asSafetensors(renamed((name) => `bert.${name}`)) },
      { "model.safetensors": asSafetensors(renamed((name) => `0.auto_model.${gamma(name)}`)) },
      { "pytorch_model.bin": asTorch(bertTensors(), {}) },
      {
        "tokenizer.json": undefined,
        "vocab.txt": vocabulary(),
        "tokenizer_config.json": { tokenizer_class: "BertTokenizer", do_lower_case: true },
        "model.safetensors": asSafetensors(bertTensors()),
      },
    ];
    for (const way of ways) {
      const { model, file, output } = await converted({ ...others, ...way });
      expect(model.numbers).toEqual(reference.model.numbers);
      const tail = async (path: string, offset: number) => (await readFile(path)).subarray(offset);
      const weights = await tail(output, file.dataOffset);
      const expected = await tail(reference.output, reference.file.dataOffset);
      expect(Buffer.compare(weights, expected), Object.keys(way)[0]).toBe(0);
    }
  });

  it("accounts for buffers and heads of pretraining by name", async () => {
    const tensors = bertTensors();
    tensors.set("embeddings.position_ids", matrix(1, 32));
    tensors.set("cls.predictions.bias", matrix(4));
    tensors.set("cls.seq_relationship.weight", matrix(2, 32));
    const { report } = await converted({
      ...embedderFiles(),
      "model.safetensors": asSafetensors(tensors),
    });
    const reasons = new Map(report.dropped.map(({ name, reason }) => [name, reason]));
    expect(reasons.get("embeddings.position_ids")).toMatch(/counted/);
    expect(reasons.get("cls.predictions.bias")).toMatch(/pretraining/);
    expect(reasons.get("cls.seq_relationship.weight")).toMatch(/pretraining/);
  });

  it("gives llama.cpp its vocabulary: words marked where they begin, each text once", async () => {
    const { file } = await converted(embedderFiles());
    const get = (key: string) => file.metadata.get(`tokenizer.ggml.${key}`)?.value;
    const tokens = get("tokens") as string[];
    expect(tokens).toHaveLength(bertRows);
    expect(new Set(tokens).size).toBe(bertRows);
    const { model } = JSON.parse(tokenizerJson("wordpiece"));
    const [cls, sep] = [model.vocab["[CLS]"], model.vocab["[SEP]"]];
    expect([get("cls_token_id"), get("seperator_token_id"), get("bos_token_id")]).toEqual([
      cls,
      sep,
      cls,
    ]);
    expect(tokens[cls]).toBe("[CLS]");
    const [piece, id] = Object.entries<number>(model.vocab).find(([text]) =>
      text.startsWith("##"),
    )!;
    expect(tokens[id]).toBe(piece.slice(2));
    const [word, wordId] = Object.entries<number>(model.vocab).find(([text]) =>
      /^[a-z]+$/.test(text),
    )!;
    expect(tokens[wordId]).toBe(`\u2581${word}`);
    expect(get("token_type_count")).toBe(2);
    expect(file.metadata.has("tokenizer.chat_template.rerank")).toBe(false);
  });

  it("quantizes its matrices, the embedding and the feed-forward layers apart from them; and again, later", async () => {
    const asked = { type: "Q8_0", embeddingType: "Q4_0", ffnType: "F16" } as const;
    const wanted = await converted(embedderFiles(), asked);
    const types = new Map(wanted.model.tensors.map(({ name, type }) => [name, type]));
    expect(types.get("token_embd.weight")).toBe("Q4_0");
    expect(types.get("blk.1.attn_q.weight")).toBe("Q8_0");
    expect(types.get("blk.1.ffn_down.weight")).toBe("F16");
    for (const name of ["position_embd.weight", "token_types.weight", "blk.0.attn_q.bias"]) {
      expect(types.get(name)).toBe("F32");
    }
    const plain = await converted(embedderFiles());
    const output = join(plain.folder, "again.gguf");
    await requantize({ input: plain.output, output, ...asked });
    const { file } = await describeFile(output);
    const name = file.metadata.get("general.name");
    const same = new Map([...wanted.file.metadata]).set("general.name", name!);
    expect([...file.metadata]).toEqual([...same]);
    const data = async (path: string) => (await readFile(path)).subarray(file.dataOffset);
    expect(Buffer.compare(await data(output), await data(wanted.output))).toBe(0);
  });
});

describe("a folder of a cross-encoder", () => {
  it.each([1, 2])(
    "has its %i labels by name, its pooler, and a pair for a frame",
    async (count) => {
      const { model, file } = await converted(classifierFiles(count));
      const names = Array.from({ length: count }, (_, id) => `label ${id}`);
      expect(model).toMatchObject({
        output: { kind: "labels", names },
        frame: { kind: "pair" },
        numbers: { outputCount: count },
      });
      expect(model.tensors.slice(-4).map(({ name, shape }) => [name, shape])).toEqual([
        ["cls.weight", [32, 32]],
        ["cls.bias", [32]],
        ["cls.output.weight", [32, count]],
        ["cls.output.bias", [count]],
      ]);
      expect(file.metadata.get("bert.pooling_type")).toEqual({ type: "u32", value: 4 });
      const template = file.metadata.get("tokenizer.chat_template.rerank")?.value;
      expect(template).toBe("[CLS]{query}[SEP]{document}[SEP]");
    },
  );

  it("has usual names for labels that its configuration does not name", async () => {
    const { model } = await converted({ ...classifierFiles(2), "config.json": bertConfig });
    expect(model.output).toEqual({ kind: "labels", names: ["LABEL_0", "LABEL_1"] });
  });

  it("gives vectors where they are asked for", async () => {
    const { model, report } = await converted(classifierFiles(), { pooling: "mean" });
    expect(model.output).toEqual({ kind: "vector", pooling: "mean", normalize: false });
    expect(report.dropped).toHaveLength(4);
  });
});

describe("refused by name is", () => {
  const config = (more: object): Files => ({ "config.json": { ...bertConfig, ...more } });
  const changed = (change: (tensors: Tensors) => void, labels = 0): Files => {
    const tensors = bertTensors(labels);
    change(tensors);
    return { "model.safetensors": asSafetensors(tensors) };
  };
  const pooling = (content: unknown): Files => ({ "1_Pooling/config.json": content });
  const at = "encoder.layer.1.attention.self.query";
  const cases: [string, Files, string, RegExp, Partial<ConvertOptions>?][] = [
    ["GELU by tanh", config({ hidden_act: "gelu_new" }), "UNMAPPED", /hidden_act is "gelu_new"/],
    ["GELU by tanh, PyTorch's", config({ hidden_act: "gelu_pytorch_tanh" }), "UNMAPPED", /tanh/],
    ["ReLU", config({ hidden_act: "relu" }), "UNMAPPED", /hidden_act is "relu"/],
    [
      "relative positions",
      config({ position_embedding_type: "relative_key" }),
      "UNMAPPED",
      /position_embedding_type is "relative_key"/,
    ],
    ["a decoder", config({ is_decoder: true }), "UNMAPPED", /is_decoder/],
    ["cross-attention", config({ add_cross_attention: true }), "UNMAPPED", /add_cross_attention/],
    [
      "cross-attention by its tensors",
      changed((t) => t.set("encoder.layer.0.crossattention.self.query.weight", matrix(32, 32))),
      "UNMAPPED",
      /crossattention[\s\S]*Cross-attention/,
    ],
    ["RoBERTa", config({ model_type: "roberta" }), "UNMAPPED", /model_type is "roberta"/],
    ["no configuration", { "config.json": undefined }, "UNMAPPED", /config\.json/],
    ["other heads", config({ num_attention_heads: 3 }), "INVALID", /3 heads do not divide/],
    ["another width", config({ hidden_size: 64 }), "UNMAPPED", /hidden_size is 64/],
    ["other blocks", config({ num_hidden_layers: 3 }), "UNMAPPED", /num_hidden_layers is 3/],
    [
      "a missing bias",
      changed((t) => t.delete(`${at}.bias`)),
      "UNMAPPED",
      /no encoder\.layer\.N\.attention\.self\.query\.bias/,
    ],
    [
      "a matrix of another shape",
      changed((t) => t.set(`${at}.weight`, matrix(32, 16))),
      "UNMAPPED",
      /\[32, 32\] is expected/,
    ],
    [
      "positions of another width",
      changed((t) => t.set("embeddings.position_embeddings.weight", matrix(32, 16))),
      "UNMAPPED",
      /\[32, 32\] is expected/,
    ],
    ["a context beyond the positions", {}, "UNMAPPED", /32 positions/, { contextLength: 64 }],
    [
      "an adapter",
      changed((t) => t.set("lora.weight", matrix(2, 2))),
      "UNMAPPED",
      /"lora\.weight"/,
    ],
    [
      "a SentencePiece vocabulary, as multilingual-e5-small has",
      { "tokenizer.json": { version: "1.0", model: { type: "Unigram", vocab: [] } } },
      "TOKENIZER",
      /"Unigram".*multilingual-e5-small/,
    ],
    [
      "another model's tokenizer",
      changed((t) => t.set("embeddings.word_embeddings.weight", matrix(bertRows - 1, 32))),
      "TOKENIZER",
      /another model's tokenizer/,
    ],
    [
      "two words on capitals",
      { "tokenizer_config.json": { do_lower_case: false } },
      "TOKENIZER",
      /do_lower_case: false, and tokenizer\.json makes/,
    ],
    [
      "no tokenizer",
      { "tokenizer.json": undefined },
      "TOKENIZER",
      /neither tokenizer\.json nor vocab\.txt/,
    ],
    ["no word on pooling", { "modules.json": undefined }, "UNMAPPED", /--pooling/],
    ["pooling by the last token", pooling({ pooling_mode: "lasttoken" }), "UNMAPPED", /lasttoken/],
    ["pooling by the maximum", pooling({ pooling_mode: "max" }), "UNMAPPED", /"max"/],
    [
      "two ways of pooling",
      pooling({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }),
      "UNMAPPED",
      /2 ways of pooling/,
    ],
    ["no way of pooling", pooling({}), "UNMAPPED", /0 ways of pooling/],
    [
      "pooling that leaves the prompt out",
      pooling({ pooling_mode: "mean", include_prompt: false }),
      "UNMAPPED",
      /prompt/,
    ],
    ["pooling without its file", pooling(undefined), "UNMAPPED", /1_Pooling.config\.json/],
    [
      "a module that computes",
      { "modules.json": modules("Transformer", "Pooling", "Dense", "Normalize") },
      "UNMAPPED",
      /a Dense/,
    ],
    [
      "modules without pooling",
      { "modules.json": modules("Transformer") },
      "UNMAPPED",
      /no Pooling/,
    ],
    [
      "modules that begin otherwise",
      { "modules.json": modules("CLIPModel") },
      "UNMAPPED",
      /CLIPModel/,
    ],
    [
      "an option of decoders",
      {},
      "INPUT_INVALID",
      /--keep-lm-head is for a decoder/,
      { keepLmHead: true },
    ],
    ["a layout of decoders", {}, "INPUT_INVALID", /--layout/, { layout: "llama" }],
    ["a script that is none", {}, "INPUT_INVALID", /"Klingon"/, { scripts: ["Klingon"] }],
    [
      "a language by its name",
      {},
      "INPUT_INVALID",
      /"English" is not a language's code/,
      { scripts: ["Latin"], languages: ["en", "English"] },
    ],
    [
      "scripts of vectors",
      {},
      "INPUT_INVALID",
      /--scripts is for models that judge/,
      { scripts: ["Latin"] },
    ],
    ["languages of vectors", {}, "INPUT_INVALID", /--languages is for/, { languages: ["en"] }],
  ];
  it.each(cases)("%s", async (_name, files, code, reason, options = {}) => {
    const error = await converted({ ...embedderFiles(), ...files }, options).catch((e) => e);
    expect(error.message).toMatch(reason);
    expect(error.code).toContain(code);
  });

  const heads: [string, Files, RegExp][] = [
    ["three labels", classifierFiles(3), /3 labels/],
    [
      "a classifier without a pooler",
      changed((t) => {
        t.delete("pooler.dense.weight");
      }, 1),
      /needs a pooler.*pooler\.dense\.weight/,
    ],
    [
      "names for another number of labels",
      { "config.json": { ...bertConfig, id2label: { 0: "no", 1: "yes" } } },
      /names 2 labels, and the classifier has 1/,
    ],
    [
      "a label without a name",
      { "config.json": { ...bertConfig, id2label: { 7: "seven" } } },
      /no name for label 0/,
    ],
    [
      "a classifier's bias of another length",
      changed((t) => t.set("classifier.bias", matrix(2)), 1),
      /\[1\] is expected/,
    ],
  ];
  it.each(heads)("%s", async (_name, files, reason) => {
    await expect(converted({ ...classifierFiles(), ...files })).rejects.toThrow(reason);
  });
});

describe("a damaged or hostile folder", () => {
  const { "model.safetensors": whole, ...others } = embedderFiles();
  const names = [...bertTensors().keys()];
  const part = (from: number, to: number) =>
    asSafetensors(new Map([...bertTensors()].slice(from, to)));
  const index = (change: (map: Record<string, unknown>) => void = () => {}) => {
    const map: Record<string, unknown> = Object.fromEntries(
      names.map((name, at) => [name, at < 10 ? "a.safetensors" : "b.safetensors"]),
    );
    change(map);
    return { weight_map: map };
  };
  const sharded = (more: Files = {}): Files => ({
    ...others,
    "model.safetensors.index.json": index(),
    "a.safetensors": part(0, 10),
    "b.safetensors": part(10, 99),
    ...more,
  });

  it("is read from shards where they are whole", async () => {
    const { model } = await converted(sharded());
    expect(model.numbers.blockCount).toBe(2);
  });

  const cases: [string, Files, RegExp][] = [
    ["no weights", others, /holds no weights/],
    ["a missing shard", sharded({ "b.safetensors": undefined }), /b\.safetensors/],
    [
      "a tensor in two shards",
      sharded({ "b.safetensors": part(9, 99) }),
      /does not look for there/,
    ],
    ["a shard that lacks a tensor", sharded({ "b.safetensors": part(11, 99) }), /does not hold/],
    [
      "an index out of the folder",
      sharded({
        "model.safetensors.index.json": index((map) => {
          map[names[0]!] = "../a.safetensors";
        }),
      }),
      /"\.\.\/a\.safetensors"/,
    ],
    [
      "an index to no text",
      sharded({
        "model.safetensors.index.json": index((map) => {
          map[names[0]!] = 7;
        }),
      }),
      /"7"/,
    ],
    ["an index of nothing", sharded({ "model.safetensors.index.json": {} }), /no weight_map/],
    ["an index that is no JSON", sharded({ "model.safetensors.index.json": "{" }), /not JSON/],
    ["an index that is no object", sharded({ "model.safetensors.index.json": [] }), /no.* object/],
    ["a configuration that is no object", { ...embedderFiles(), "config.json": [] }, /object/],
    [
      "modules that are no list",
      { ...embedderFiles(), "modules.json": {} },
      /is not a list of at most 16 modules/,
    ],
    ["modules without a path", { ...embedderFiles(), "modules.json": [{ type: "x" }] }, /path/],
    [
      "modules out of the folder",
      { ...embedderFiles(), "modules.json": [{ path: "../..", type: "x.Transformer" }] },
      /"\.\.\/\.\."/,
    ],
    [
      "a tokenizer that is not UTF-8",
      { ...embedderFiles(), "tokenizer.json": Uint8Array.of(0xff) },
      /UTF-8/,
    ],
    [
      "a configuration of megabytes",
      { ...embedderFiles(), "config.json": " ".repeat(2 ** 21) },
      /large/,
    ],
  ];
  it.each(cases)("with %s is refused", async (_name, files, reason) => {
    const error = await converted(files).catch((caught) => caught);
    expect(error.name).toBe("QragError");
    expect(error.message).toMatch(reason);
  });

  it("may hold links, as the cache of Hugging Face's hub does, and no circle of them", async () => {
    const blobs = await folders.write({ blob: whole, config: bertConfig });
    const { "config.json": _, ...rest } = others;
    const folder = await folders.write(rest);
    await symlink(join(blobs, "blob"), join(folder, "model.safetensors"));
    await symlink("config.json", join(folder, "config.json"));
    const output = join(folder, "out.gguf");
    const { convertCheckpoint } = await import("../../convert/convert.ts");
    const run = (checkpoint: string) => convertCheckpoint({ checkpoint, output, type: "F32" });
    await expect(run(folder)).rejects.toThrow(/config\.json cannot be read: ELOOP/);
    const sound = await folders.write(rest);
    await symlink(join(blobs, "blob"), join(sound, "model.safetensors"));
    await symlink(join(blobs, "config"), join(sound, "config.json"));
    expect((await run(sound)).tensors.length).toBeGreaterThan(30);
  });
});
