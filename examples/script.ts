// Judges passages, keeps the relevant ones, and refuses what they do not answer. Run: npx tsx examples/script.ts
import { type Evidence, gatedAnswer, loadGate } from "qrag";

const passages = [
  "The museum opens at ten in the morning and closes at six in the evening.",
  "Tickets cost 12 euros for adults. Children under 14 enter free.",
  "The café on the ground floor serves lunch from noon to three.",
];

await using gate = await loadGate();

const { relevant, margin } = await gate.judge("When does the museum open?", passages[0]!);
console.log(relevant, margin.toFixed(1));

console.log(await gate.filter("How much is a ticket for an adult?", passages));

/** Quotes the best passage. openAiGenerator, chatSessionGenerator or any function of yours goes here. */
const generate = ({ passages }: Evidence<string>) => `The documents say: ${passages[0]}`;

for (const query of ["When does the museum open?", "Where can I park my car?"]) {
  const { answer } = await gatedAnswer({ query, retrieve: () => passages, generate, gate });
  console.log(query, answer);
}
