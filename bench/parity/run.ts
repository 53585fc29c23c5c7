// all-MiniLM-L6-v2's vectors of real texts, ours beside those of sentence-transformers; the exit code says whether they agree.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../base/package_root.ts";
import { convertCheckpoint } from "../../convert/convert.ts";
import type { TensorTypeName } from "../../gguf/format.ts";
import { addon } from "../../native/loader.ts";
import { countOption, end, optionsOf } from "../../scripts/command_line.ts";
import { openEmbedder } from "../contenders/qrag.ts";
import { likeness, ndcg10, type Vectors } from "./compare.ts";
import { sampleTexts } from "./texts.ts";

const options = optionsOf(
  `Usage: QRAG_REAL_MODELS=FOLDER QRAG_DATA=FOLDER npm run bench:parity -- [options]

  --texts N      texts in all, a fifth of them questions (default 2000)
  --threads N    default: the processors of this machine

QRAG_REAL_MODELS is the folder of all-MiniLM-L6-v2, QRAG_DATA that of the texts (pairs/*.jsonl.gz and
passages/*.jsonl.gz), QRAG_PYTHON a Python with sentence-transformers (default python3).`,
  {
    texts: { type: "string", default: "2000" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
);
const count = countOption("--texts", options.texts);
const threads = countOption("--threads", options.threads);
const python = process.env.QRAG_PYTHON ?? "python3";

/** What a form of the model must reach; none for what four bits cost, which is only told. */
interface Limits {
  readonly mean: number;
  readonly least: number;
  /** How far nDCG@10 may lie from that of sentence-transformers. */
  readonly ndcg10: number;
}

interface Form {
  readonly name: string;
  readonly weights: TensorTypeName;
  readonly embeddings: TensorTypeName;
  readonly kernels: string;
  readonly limits?: Limits;
}

const exact: Limits = { mean: 0.99999, least: 0.99999, ndcg10: 0.005 };
const int8: Limits = { mean: 0.995, least: 0.98, ndcg10: 0.005 };

const sets = addon()
  .kernels()
  .filter((set) => set !== "portable");
const [best = ""] = sets;
const forms: readonly Form[] = [
  { name: "F32", weights: "F32", embeddings: "F32", kernels: "reference", limits: exact },
  ...sets.map((kernels) => ({
    name: "Q8_0",
    ...({ weights: "Q8_0", embeddings: "Q8_0", kernels, limits: int8 } as const),
  })),
  { name: "Q8_0, embeddings Q4_0", weights: "Q8_0", embeddings: "Q4_0", kernels: best },
  { name: "Q4_0", weights: "Q4_0", embeddings: "Q4_0", kernels: best },
];

function folderOf(variable: string, holds: string): string {
  const folder = process.env[variable];
  if (folder && existsSync(join(folder, holds))) return folder;
  return end(2, `${variable} does not name a folder with ${holds}; --help says what it is for`);
}

/** Rows of equal length, questions first. */
function vectorsOf(rows: readonly Float32Array[], questions: number): Vectors {
  return { questions: rows.slice(0, questions), passages: rows.slice(questions) };
}

function sentenceTransformers(folder: string, model: string, texts: readonly string[]) {
  const [input, output] = [join(folder, "texts.json"), join(folder, "vectors.f32")];
  writeFileSync(input, JSON.stringify(texts));
  const script = join(packageRoot(), "bench", "peers", "sentence_vectors.py");
  const { status, stdout, error } = spawnSync(
    python,
    [script, model, input, output, String(threads)],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  if (status !== 0)
    end(2, `${python} could not embed the texts${error ? `: ${error.message}` : ""}`);
  const bytes = readFileSync(output);
  const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const width = numbers.length / texts.length;
  const rows = texts.map((_, row) => numbers.subarray(row * width, (row + 1) * width));
  const { version } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { version: string };
  return { rows, version };
}

async function ours(folder: string, model: string, form: Form, texts: readonly string[]) {
  const { weights, embeddings, kernels } = form;
  const path = join(folder, `${weights}-${embeddings}.gguf`);
  if (!existsSync(path)) {
    const types = { type: weights, embeddingType: embeddings };
    await convertCheckpoint({ checkpoint: model, output: path, ...types });
  }
  const embedder = await openEmbedder(path, threads, kernels);
  const rows = await embedder.answer({ query: "", passages: texts, tokens: 0 });
  await embedder.close();
  return rows as Float32Array[];
}

async function main(folder: string): Promise<void> {
  const model = folderOf("QRAG_REAL_MODELS", "config.json");
  const data = folderOf("QRAG_DATA", "pairs");
  const asked = Math.ceil(count / 5);
  const { questions, passages, answers } = sampleTexts(data, {
    questions: asked,
    passages: count - asked,
  });
  const texts = [...questions, ...passages];
  const { rows, version } = sentenceTransformers(folder, model, texts);
  const theirs = vectorsOf(rows, questions.length);
  const expected = ndcg10(theirs, answers);
  console.log(
    `${questions.length} questions and ${passages.length} passages; sentence-transformers ${version}: ` +
      `nDCG@10 ${expected.toFixed(4)}\n`,
  );
  for (const form of forms) {
    const vectors = vectorsOf(await ours(folder, model, form, texts), questions.length);
    const { mean, least } = likeness(vectors, theirs);
    const found = ndcg10(vectors, answers);
    const { limits } = form;
    const holds =
      !limits ||
      (mean >= limits.mean && least >= limits.least && Math.abs(found - expected) <= limits.ndcg10);
    if (!holds) process.exitCode = 1;
    console.log(
      `${form.name.padEnd(22)} ${form.kernels.padEnd(12)} cosine ${mean.toFixed(6)} on average, ` +
        `${least.toFixed(6)} at the least; nDCG@10 ${found.toFixed(4)}${holds ? "" : "  TOO FAR OFF"}`,
    );
  }
}

const folder = mkdtempSync(join(tmpdir(), "qrag-parity-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
await main(folder);
