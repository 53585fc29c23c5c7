// A small BERT's folder, made in memory: its tensors by Hugging Face's names, its files, and the folder they are written to.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { convertCheckpoint } from "../../convert/convert.ts";
import type { ConvertOptions } from "../../convert/options.ts";
import { readTokenizer } from "../../native/tokenizer/tokenizer.ts";
import { tokenizerJson } from "../fixtures.ts";
import { asSafetensors, type Matrix } from "./model_builder.ts";

export const bertSizes = { width: 32, blocks: 2, heads: 2, inner: 64, positions: 32, types: 2 };

export const bertRows = readTokenizer(tokenizerJson("wordpiece")).vocabularySize;

/** Numbers that are the same on every run. */
function matrices(): (...shape: number[]) => Matrix {
  let state = 5;
  return (...shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32 - 0.5;
    });
    return { shape, values };
  };
}

export const matrix = matrices();

export type Tensors = Map<string, Matrix>;

export function bertTensors(labels = 0): Tensors {
  const next = matrices();
  const { width, blocks, inner, positions, types } = bertSizes;
  const tensors: Tensors = new Map();
  const linear = (name: string, from: number, to: number) => {
    tensors.set(`${name}.weight`, next(to, from)).set(`${name}.bias`, next(to));
  };
  const norm = (name: string) => {
    tensors.set(`${name}.weight`, next(width)).set(`${name}.bias`, next(width));
  };
  tensors.set("embeddings.word_embeddings.weight", next(bertRows, width));
  tensors.set("embeddings.position_embeddings.weight", next(positions, width));
  tensors.set("embeddings.token_type_embeddings.weight", next(types, width));
  norm("embeddings.LayerNorm");
  for (let block = 0; block < blocks; block++) {
    const at = `encoder.layer.${block}`;
    for (const part of ["query", "key", "value"]) {
      linear(`${at}.attention.self.${part}`, width, width);
    }
    linear(`${at}.attention.output.dense`, width, width);
    norm(`${at}.attention.output.LayerNorm`);
    linear(`${at}.intermediate.dense`, width, inner);
    linear(`${at}.output.dense`, inner, width);
    norm(`${at}.output.LayerNorm`);
  }
  linear("pooler.dense", width, width);
  if (labels > 0) linear("classifier", width, labels);
  return tensors;
}

export const bertConfig = {
  model_type: "bert",
  hidden_act: "gelu",
  hidden_size: bertSizes.width,
  num_hidden_layers: bertSizes.blocks,
  num_attention_heads: bertSizes.heads,
  intermediate_size: bertSizes.inner,
  max_position_embeddings: bertSizes.positions,
  type_vocab_size: bertSizes.types,
  layer_norm_eps: 1e-12,
  position_embedding_type: "absolute",
};

export const modules = (...types: string[]) =>
  types.map((type, idx) => ({
    ...{ idx, name: String(idx), path: idx === 0 ? "" : `${idx}_${type}` },
    type: `sentence_transformers.models.${type}`,
  }));

/** The files of a folder by path: bytes as they are, anything else as JSON, undefined for none. */
export type Files = Record<string, unknown>;

export const embedderFiles = (): Files => ({
  "config.json": bertConfig,
  "model.safetensors": asSafetensors(bertTensors()),
  "tokenizer.json": JSON.parse(tokenizerJson("wordpiece")),
  "modules.json": modules("Transformer", "Pooling", "Normalize"),
  "1_Pooling/config.json": { pooling_mode_mean_tokens: true, pooling_mode_cls_token: false },
});

export const classifierFiles = (labels = 1): Files => ({
  "config.json": {
    ...bertConfig,
    id2label: Object.fromEntries(Array.from({ length: labels }, (_, id) => [id, `label ${id}`])),
  },
  "model.safetensors": asSafetensors(bertTensors(labels)),
  "tokenizer.json": JSON.parse(tokenizerJson("wordpiece")),
});

export class Folders {
  readonly #made: string[] = [];

  async write(files: Files): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "qrag-bert-"));
    this.#made.push(folder);
    for (const [path, content] of Object.entries(files)) {
      if (content === undefined) continue;
      await mkdir(dirname(join(folder, path)), { recursive: true });
      const bytes =
        content instanceof Uint8Array || typeof content === "string"
          ? content
          : JSON.stringify(content);
      await writeFile(join(folder, path), bytes);
    }
    return folder;
  }

  /** Writes the folder and converts it, or what `more` names. */
  async convert(files: Files, more: Partial<ConvertOptions> = {}) {
    const checkpoint = await this.write(files);
    const output = join(checkpoint, "out.gguf");
    const report = await convertCheckpoint({ checkpoint, output, type: "F32", ...more });
    return { report, output, folder: checkpoint };
  }

  async remove(): Promise<void> {
    for (const folder of this.#made) await rm(folder, { recursive: true });
  }
}
