// Counts what happens and tells it in Prometheus' text form: Text Embeddings Inference's names, and our own.
import type { Verdict } from "../verdict.ts";

/** Upper ends of the buckets, in seconds. */
const bucketEnds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

class Histogram {
  readonly #counts = bucketEnds.map(() => 0);
  #sum = 0;
  #count = 0;

  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    for (const [index, end] of bucketEnds.entries()) if (value <= end) this.#counts[index]!++;
  }

  lines(name: string): string[] {
    const buckets = bucketEnds.map(
      (end, index) => `${name}_bucket{le="${end}"} ${this.#counts[index]}`,
    );
    return [
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** Numbers under labels, each seen label a line of its own. */
class Counter {
  readonly #values = new Map<string, number>();

  add(labels = "", amount = 1): void {
    this.#values.set(labels, (this.#values.get(labels) ?? 0) + amount);
  }

  lines(name: string): string[] {
    if (this.#values.size === 0) return [`${name} 0`];
    return [...this.#values].map(([labels, value]) => `${name}${labels && `{${labels}}`} ${value}`);
  }
}

const helpOf = {
  te_request_count: "Requests",
  te_request_success: "Requests answered",
  te_request_failure: "Requests not answered, by status",
  qrag_questions_total: "Questions judged",
  qrag_empty_results_total: "Questions of which no passage was relevant",
  qrag_passages_total: "Passages judged",
  qrag_passages_kept_total: "Passages judged relevant",
  qrag_passages_refused_total: "Passages refused without asking the model",
  qrag_passages_windowed_total: "Passages longer than the model's context",
  qrag_tokens_total: "Tokens scored",
  qrag_embedded_total: "Texts embedded",
  qrag_embedded_tokens_total: "Tokens of the texts embedded",
  qrag_searches_total: "Searches of the store",
} as const;

type CounterName = keyof typeof helpOf;

export class Metrics {
  readonly #counters = new Map<CounterName, Counter>();
  readonly #duration = new Histogram();

  constructor() {
    for (const name of Object.keys(helpOf)) this.#counters.set(name as CounterName, new Counter());
  }

  /** `method`: the route, never a path of the client's own making. */
  ended(method: string, status: number, seconds: number): void {
    this.#add("te_request_count", `method="${method}"`);
    if (status < 400) this.#add("te_request_success", `method="${method}"`);
    else this.#add("te_request_failure", `err="${status}"`);
    this.#duration.observe(seconds);
  }

  judged({ relevant, reason, windows, tokens }: Verdict): void {
    this.#add("qrag_passages_total");
    this.#add("qrag_tokens_total", "", tokens);
    if (relevant) this.#add("qrag_passages_kept_total");
    if (reason !== undefined) this.#add("qrag_passages_refused_total", `reason="${reason}"`);
    if (windows > 1) this.#add("qrag_passages_windowed_total");
  }

  /** A question is done; so many of its passages were relevant. */
  answered(relevant: number): void {
    this.#add("qrag_questions_total");
    if (relevant === 0) this.#add("qrag_empty_results_total");
  }

  embedded(tokens: number): void {
    this.#add("qrag_embedded_total");
    this.#add("qrag_embedded_tokens_total", "", tokens);
  }

  searched(): void {
    this.#add("qrag_searches_total");
  }

  text(queued: number): string {
    const gauge = (name: string, help: string, value: number) =>
      family(name, "gauge", help, [`${name} ${value}`]);
    const duration = "te_request_duration";
    return [
      ...[...this.#counters].map(([name, counter]) =>
        family(name, "counter", helpOf[name], counter.lines(name)),
      ),
      family(
        duration,
        "histogram",
        "Seconds from a request to its answer",
        this.#duration.lines(duration),
      ),
      gauge("te_queue_size", "Documents that wait or are worked on", queued),
      gauge("process_resident_memory_bytes", "Resident memory", process.memoryUsage.rss()),
    ].join("");
  }

  #add(name: CounterName, labels = "", amount = 1): void {
    this.#counters.get(name)!.add(labels, amount);
  }
}

function family(name: string, kind: string, help: string, lines: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines, ""].join("\n");
}
