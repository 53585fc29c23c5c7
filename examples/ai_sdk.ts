// Reranks with the gate and generates only if something is relevant. Run: npx tsx examples/ai_sdk.ts
import { generateText, rerank } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { loadGate } from "qrag";
import { gateRerankingModel } from "qrag/ai-sdk";

const documents = [
  "Tickets cost 12 euros for adults. Children under 14 enter free.",
  "The museum opens at ten in the morning and closes at six in the evening.",
  "The café on the ground floor serves lunch from noon to three.",
];

/** A stand-in that needs no network: your provider's model goes here. */
const model = new MockLanguageModelV3({
  doGenerate: {
    content: [{ type: "text", text: "It opens at ten." }],
    finishReason: { unified: "stop", raw: undefined },
    usage: {
      inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 0, text: 0, reasoning: 0 },
    },
    warnings: [],
  },
});

await using gate = await loadGate();
const reranker = gateRerankingModel(gate);

async function ask(query: string): Promise<string> {
  const { rerankedDocuments: evidence } = await rerank({
    model: reranker,
    query,
    documents,
    topN: 3,
    providerOptions: { qrag: { onlyRelevant: true } },
  });
  if (evidence.length === 0) return "I don't have evidence to answer that.";
  const prompt = `Answer from this alone:\n\n${evidence.join("\n\n")}\n\nQuestion: ${query}`;
  return (await generateText({ model, prompt })).text;
}

for (const query of ["When does the museum open?", "Where can I park my car?"]) {
  console.log(query, await ask(query));
}
