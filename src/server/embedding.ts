// What both embedding protocols share: texts admitted, embedded and counted.
import type { EmbedOptions } from "../embed_options.ts";
import type { Embedded } from "../embedder.ts";
import type { Admission } from "./admission.ts";
import type { Metrics } from "./metrics.ts";
import type { ServerEmbedder } from "./options.ts";

/** The embedding model's part of the server. */
export class Embedding {
  readonly embedder: ServerEmbedder;
  readonly #admission: Admission;
  readonly #metrics: Metrics;

  constructor(embedder: ServerEmbedder, admission: Admission, metrics: Metrics) {
    this.embedder = embedder;
    this.#admission = admission;
    this.#metrics = metrics;
  }

  /** The vectors in the order of the texts, each as soon as it is there. */
  async *embed(texts: readonly string[], options: EmbedOptions): AsyncGenerator<Embedded, void> {
    const work = () => this.embedder.stream(texts, options);
    for await (const embedded of this.#admission.through(texts.length, work)) {
      this.#metrics.embedded(embedded.tokens);
      yield embedded;
    }
  }
}
