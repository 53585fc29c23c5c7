import { describe, expect, it } from "vitest";
import { type HubFile, parseListing } from "../../src/hub/listing.ts";
import { parseReference } from "../../src/hub/reference.ts";
import { wantedFiles } from "../../src/hub/wanted.ts";

const commit = "a".repeat(40);
const digest = { algorithm: "git-sha1", hex: "b".repeat(40) } as const;

function wanted(paths: readonly string[], name = "hf:owner/repo", size = 1) {
  const files = new Map<string, HubFile>(paths.map((path) => [path, { path, size, digest }]));
  const { checkpoint, files: found } = wantedFiles(parseReference(name), { commit, files });
  return { checkpoint, files: found.map(({ file, local }) => `${file.path} > ${local}`).sort() };
}

const beside = ["config.json", "tokenizer.json"];
const same = (...paths: string[]) => paths.map((path) => `${path} > ${path}`).sort();

describe("what is wanted of a repository", () => {
  it("is its only GGUF, under a name of ours", () => {
    expect(wanted(["README.md", "My Model.gguf", "model.safetensors", ...beside])).toEqual({
      checkpoint: undefined,
      files: ["My Model.gguf > model.gguf"],
    });
  });

  it.each([
    ["model.safetensors", ["pytorch_model.bin", "onnx/model.onnx"], ""],
    ["pytorch_model.bin", ["onnx/model.onnx", "tf_model.h5"], ""],
    ["pytorch_model.pt", ["optimizer.pt"], "pytorch_model.pt"],
    ["onnx/model.onnx", ["onnx/model_quantized.onnx", "onnx/config.json"], ""],
  ])("are the weights in %s before %j", (weights, others, checkpoint) => {
    expect(wanted([weights, ...others, ...beside, "README.md"])).toEqual({
      checkpoint,
      files: same(weights, ...beside),
    });
  });

  it("are all shards, with their index", () => {
    const index = "model.safetensors.index.json";
    const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const found = wanted([index, ...shards, "model-x.safetensors", "pytorch_model.bin", ...beside]);
    expect(found).toEqual({ checkpoint: "", files: same(index, ...shards, ...beside) });
  });

  it("is what sentence-transformers adds, too", () => {
    const more = [
      ...["modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"],
      ...["1_Pooling/config.json", "vocab.txt", "tokenizer_config.json"],
    ];
    const others = ["openvino/config.json", "data/config.json", "1_Pooling/x.json"];
    const found = wanted(["model.safetensors", ...beside, ...more, ...others]);
    expect(found.files).toEqual(same("model.safetensors", ...beside, ...more));
  });

  it("is the file that is named", () => {
    const ggufs = ["a-Q4.gguf", "sub/b-Q8.gguf", "model.safetensors", ...beside];
    expect(wanted(ggufs, "hf:owner/repo:sub/b-Q8.gguf").files).toEqual([
      "sub/b-Q8.gguf > model.gguf",
    ]);
    expect(wanted(ggufs, "hf:owner/repo:model.safetensors")).toEqual({
      checkpoint: "weights.safetensors",
      files: ["model.safetensors > weights.safetensors", ...same(...beside)].sort(),
    });
  });

  it.each([
    [
      "nothing of the kind",
      ["README.md"],
      "",
      "MODEL_NOT_FOUND",
      /neither a GGUF.*model\.safetens/,
    ],
    ["nothing", [], "", "MODEL_NOT_FOUND", /neither/],
    [
      "several GGUF files",
      ["a.gguf", "b.gguf"],
      "",
      "MODEL_NOT_FOUND",
      /2 .*name one.*":a\.gguf", ":b/,
    ],
    [
      "no such file",
      ["a.gguf"],
      ":c.gguf",
      "MODEL_NOT_FOUND",
      /no file "c\.gguf"\. There is ":a\.g/,
    ],
    [
      "a file that is no model",
      ["x.txt"],
      ":x.txt",
      "MODEL_UNSUPPORTED",
      /neither a GGUF file nor/,
    ],
    ["no tokenizer", ["model.safetensors"], "", "TOKENIZER_UNSUPPORTED", /neither tokenizer\.json/],
  ])("is refused where there is %s", (_, paths, file, code, message) => {
    expect(() => wanted(paths, `hf:owner/repo${file}`)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it("is nothing that a server puts outside of the folder", () => {
    const paths = [
      "../evil.gguf",
      "/etc/x.gguf",
      "..\\x.gguf.",
      "../config.json",
      "0_/../config.json",
    ];
    expect(() => wanted(paths)).toThrow(/neither a GGUF/);
    expect(wanted([...paths, "model.safetensors", ...beside]).files).toEqual(
      same("model.safetensors", ...beside),
    );
  });

  it("is bounded", () => {
    expect(() => wanted(["a.gguf"], "hf:owner/repo", 2 ** 40)).toThrow(/download of 1099511627776/);
  });
});

describe("a listing", () => {
  const listing = (...siblings: unknown[]) =>
    parseListing(JSON.stringify({ sha: commit, siblings }), "the hub");
  const lfs = { sha256: "c".repeat(64), size: 5 };

  it("has large files by SHA-256 and others by git's SHA-1", () => {
    const { files } = listing(
      { rfilename: "a", size: 5, blobId: digest.hex },
      { rfilename: "b", size: 5, blobId: digest.hex, lfs },
    );
    expect([...files.values()].map((file) => file.digest)).toEqual([
      digest,
      { algorithm: "sha256", hex: lfs.sha256 },
    ]);
  });

  it("leaves out what could not be checked", () => {
    const { files } = listing(
      { rfilename: "good", size: 5, blobId: digest.hex },
      ...[null, "x", 5, {}, { rfilename: 5, size: 5, blobId: digest.hex }],
      ...[-1, 1.5, "5", 2 ** 60].map((size) => ({ rfilename: "x", size, blobId: digest.hex })),
      { rfilename: "short", size: 5, blobId: "abc" },
      // Its blob is the pointer, not the file.
      { rfilename: "pointer", size: 5, blobId: digest.hex, lfs: { size: 5 } },
    );
    expect([...files.keys()]).toEqual(["good"]);
  });
});
