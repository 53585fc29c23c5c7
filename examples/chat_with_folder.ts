// Chat with a folder of Markdown and text: npx tsx examples/chat_with_folder.ts FOLDER [CHAT_MODEL.gguf]; without a model it quotes.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chatSessionGenerator, type Evidence, gatedAnswer, loadGate } from "qrag";

const [folder, modelPath] = process.argv.slice(2);
if (!folder) throw new Error("Name a folder with .md or .txt files");

const names = (await readdir(folder, { recursive: true })).filter((name) =>
  /\.(md|txt)$/.test(name),
);
const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
const passages = texts.flatMap((text) => text.split(/\n\s*\n/)).map((text) => ({ text }));

/** Naive: the passages that share the most words with the question. */
function retrieve(query: string) {
  const words = (text: string) => new Set(text.toLowerCase().match(/\p{L}{3,}|\d+/gu));
  const asked = [...words(query)];
  const shared = ({ text }: { text: string }) => asked.filter((word) => words(text).has(word));
  const scored = passages.map((passage) => ({ ...passage, score: shared(passage).length }));
  return scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
}

async function chatModel(modelPath: string) {
  const { getLlama, LlamaChatSession } = await import("node-llama-cpp");
  const model = await (await getLlama()).loadModel({ modelPath });
  const context = await model.createContext();
  return chatSessionGenerator(new LlamaChatSession({ contextSequence: context.getSequence() }));
}

const quote = ({ passages }: Evidence<{ text: string }>) =>
  passages.map(({ text }) => text).join("\n\n");
const generate = modelPath ? await chatModel(modelPath) : quote;
await using gate = await loadGate();

console.log(`${passages.length} passages. What is your question?`);
for await (const query of createInterface({ input: process.stdin })) {
  if (!query.trim()) continue;
  const { answer } = await gatedAnswer({ query, retrieve, generate, gate });
  console.log(answer);
}
