// The pairs `qrag verify` judges: the three examples the model's card promises, and a built-in set.
import type { LabelledRow } from "../../base/labelled_row.ts";

export const cardExamples: readonly LabelledRow[] = [
  { query: "capital of Germany", passage: "Berlin is the capital of Germany.", label: 1 },
  { query: "capital of Germany", passage: "Paris is the capital of France.", label: 0 },
  { query: "how to git commit", passage: "The Nile is the longest river.", label: 0 },
];

/** Queries and passages that answer them. */
const answers: readonly (readonly [query: string, passage: string])[] = [
  ["boiling point of water", "At sea level water boils at 100 degrees Celsius."],
  ["who wrote Hamlet", "Hamlet is a tragedy written by William Shakespeare around 1600."],
  [
    "how do I undo the last commit",
    "git reset --soft HEAD~1 undoes the last commit and keeps its changes.",
  ],
  [
    "symptoms of iron deficiency",
    "Iron deficiency often shows as tiredness, pale skin and short breath.",
  ],
  [
    "When did the Second World War end?",
    "The Second World War ended in 1945 with the surrender of Japan.",
  ],
  ["largest planet", "Jupiter is the largest planet of the solar system."],
  ["refund policy", "Purchases can be returned within 30 days for a full refund."],
  ["what is inflation", "Inflation is a general rise in prices: money buys less over time."],
  [
    "python read file line by line",
    "A file object is iterable: for line in open(path) gives each line.",
  ],
  ["speed of light", "Light travels at 299,792,458 metres per second in a vacuum."],
  [
    "how photosynthesis works",
    "Plants turn light, water and carbon dioxide into sugar and oxygen.",
  ],
  ["opening hours of the museum", "The museum is closed on Mondays and on public holidays."],
];

/** Each query with its answer and with another one's. */
export const builtInPairs: readonly LabelledRow[] = answers.flatMap(([query, passage], index) => [
  { query, passage, label: 1 },
  { query, passage: answers.at(index - 1)![1], label: 0 },
]);
