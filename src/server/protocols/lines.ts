// Answers in lines of JSON, each as soon as it is there.
import type { Exchange } from "../exchange.ts";
import { problemOf, teiError } from "../problem.ts";

/** What fails before the first line gets a status; what fails later is told in a line of its own. */
export async function sendLines(exchange: Exchange, values: AsyncIterable<object>): Promise<void> {
  const { response } = exchange;
  const line = (value: object) => exchange.write(`${JSON.stringify(value)}\n`);
  try {
    for await (const value of values) {
      if (!response.headersSent)
        response.writeHead(200, { "content-type": "application/x-ndjson" });
      await line(value);
    }
  } catch (error) {
    if (!response.headersSent) throw error;
    await line(teiError(problemOf(error)));
  }
  response.end();
}
