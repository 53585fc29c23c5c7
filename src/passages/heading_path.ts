// The headings above a place in a document, kept while it is read from top to bottom.

export class HeadingPath {
  #open: { readonly depth: number; readonly text: string }[] = [];

  get isEmpty(): boolean {
    return this.#open.length === 0;
  }

  /** Ends the headings that are as deep or deeper. Returns the path from the outermost; empty ones do not count. */
  add(depth: number, text: string): string[] {
    this.#open = this.#open.filter((heading) => heading.depth < depth);
    this.#open.push({ depth, text });
    return this.#open.map((heading) => heading.text).filter((each) => each !== "");
  }
}
