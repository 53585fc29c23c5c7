// POST /ask answers from documents or says that it cannot. Run: npx tsx examples/express.ts
// curl localhost:3000/ask -H 'content-type: application/json' -d '{"question": "When does the museum open?"}'
import express, { type NextFunction, type Request, type Response } from "express";
import { type Evidence, gatedAnswer, loadGate, openAiGenerator, QragError } from "qrag";

const documents = [
  { id: "hours", text: "The museum opens at ten in the morning and closes at six in the evening." },
  { id: "prices", text: "Tickets cost 12 euros for adults. Children under 14 enter free." },
  { id: "food", text: "The café on the ground floor serves lunch from noon to three." },
];

const words = (text: string) => text.toLowerCase().match(/\p{L}{4,}/gu) ?? [];

/** Naive: every document that shares a word with the question. Your search goes here. */
function retrieve(query: string) {
  const asked = new Set(words(query));
  return documents.filter(({ text }) => words(text).some((word) => asked.has(word)));
}

/** An OpenAI-compatible server, such as LLM_URL=http://127.0.0.1:11434/v1. Without one the best document is quoted. */
const { LLM_URL: baseUrl, LLM_MODEL: model = "llama3.2", PORT = "3000" } = process.env;
const generate = baseUrl
  ? openAiGenerator({ baseUrl, model })
  : ({ passages }: Evidence<{ text: string }>) => passages[0]!.text;

const gate = await loadGate(); // once, for all requests
const app = express();

app.post("/ask", express.json(), async (request, response) => {
  const gone = new AbortController();
  response.on("close", () => gone.abort()); // The client left: stop judging and generating.
  const query = request.body?.question;
  const result = await gatedAnswer({ query, retrieve, generate, gate, signal: gone.signal });
  const sources = result.kept.map(({ passage }) => passage.id);
  response.json({ answer: result.answer, answered: result.answered, sources });
});

app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
  if (response.closed) return;
  if (!(error instanceof QragError && error.code === "INPUT_INVALID")) return next(error);
  response.status(400).json({ error: error.message });
});

const server = app.listen(Number(PORT), "127.0.0.1", (error) => {
  if (error) throw error;
  console.log("Listening on", server.address());
});

// Finishes what was accepted, then frees the model.
function stop() {
  server.keepAliveTimeout = 1; // A connection ends with its answer.
  server.close(() => gate.dispose());
}
process.once("SIGINT", stop).once("SIGTERM", stop);
