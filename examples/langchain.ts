// A chain that asks the chat model only if the retriever found evidence. Run: npx tsx examples/langchain.ts
import { ContextualCompressionRetriever } from "@langchain/classic/retrievers/contextual_compression";
import { Document } from "@langchain/core/documents";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableBranch, RunnablePassthrough, RunnableSequence } from "@langchain/core/runnables";
import { FakeListChatModel, FakeRetriever } from "@langchain/core/utils/testing";
import { loadGate } from "qrag";
import { GateCompressor } from "qrag/langchain";

await using gate = await loadGate();

/** Stand-ins that need no network: your vector store's retriever and your chat model go here. */
const store = new FakeRetriever({
  output: [
    "The museum opens at ten in the morning and closes at six in the evening.",
    "Tickets cost 12 euros for adults. Children under 14 enter free.",
  ].map((pageContent) => new Document({ pageContent })),
});
const model = new FakeListChatModel({ responses: ["It opens at ten."] });

const evidence = new ContextualCompressionRetriever({
  baseRetriever: store,
  baseCompressor: new GateCompressor(gate, { topN: 3 }),
});

interface Found {
  question: string;
  documents: Document[];
}

const answer = RunnableSequence.from([
  ({ question, documents }: Found) => ({
    question,
    context: documents.map(({ pageContent }) => pageContent).join("\n\n"),
  }),
  ChatPromptTemplate.fromTemplate("Answer from this alone:\n\n{context}\n\nQuestion: {question}"),
  model,
  new StringOutputParser(),
]);

const chain = RunnableSequence.from([
  { question: new RunnablePassthrough<string>(), documents: evidence },
  RunnableBranch.from<Found, string>([
    [({ documents }) => documents.length === 0, () => "I don't have evidence to answer that."],
    answer,
  ]),
]);

for (const question of ["When does the museum open?", "Where can I park my car?"]) {
  console.log(question, await chain.invoke(question));
}
