// Server-sent events out of pieces of text: the data of each.

/** A line longer than this is no event of a chat. */
const longestLine = 4 * 1024 * 1024;

/** The data of every event; a piece may end anywhere, and lines end as each server likes. */
export async function* eventsOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of linesOf(pieces)) {
    if (line === "") {
      if (data.length > 0) yield data.join("\n");
      data = [];
    } else if (line.startsWith("data:")) {
      data.push(line.slice(5).replace(/^ /, ""));
    }
  }
  if (data.length > 0) yield data.join("\n");
}

async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield line.replace(/\r$/, "");
    if (rest.length > longestLine) return;
  }
  if (rest !== "") yield rest.replace(/\r$/, "");
}
