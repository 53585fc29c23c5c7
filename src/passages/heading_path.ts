// The headings above a place in a document, kept while it is read from top to bottom.

/** Of a path, which stands above each of its passages: what a model reads has to leave room for them. */
const mostUnits = 500;

export class HeadingPath {
  #open: { readonly depth: number; readonly text: string }[] = [];

  get isEmpty(): boolean {
    return this.#open.length === 0;
  }

  /**
   * Ends the headings that are as deep or deeper. Returns the path from the outermost, or as much of it as is not too
   * long; empty ones do not count.
   */
  add(depth: number, text: string): string[] {
    this.#open = this.#open.filter((heading) => heading.depth < depth);
    this.#open.push({ depth, text });
    const path = this.#open.map((heading) => heading.text).filter((each) => each !== "");
    let first = Math.max(0, path.length - 1);
    let units = path[first]?.length ?? 0;
    while (first > 0 && units + path[first - 1]!.length <= mostUnits)
      units += path[--first]!.length;
    return path.slice(first);
  }
}
