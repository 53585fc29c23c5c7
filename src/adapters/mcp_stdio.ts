// A server of the Model Context Protocol on two streams, until its client has left and has all its answers.
import { EventEmitter, once } from "node:events";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { finished } from "node:stream/promises";
import {
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type McpServer,
  type RequestId,
} from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";

/** Returns when the input has ended and every request in it is answered, or when the signal says so. */
export async function serveStreams(
  server: McpServer,
  stdin: Readable,
  stdout: Writable,
  signal: AbortSignal,
): Promise<void> {
  // A transport closes with its input and drops what it has not answered: it is given one that does not end by itself.
  const input = new PassThrough();
  const transport = new AnsweringTransport(input, stdout);
  await server.connect(transport);
  stdin.pipe(input, { end: false });
  try {
    await finished(stdin, { writable: false, signal });
    while (input.writableLength + input.readableLength > 0) await new Promise(setImmediate);
    await transport.answered(signal);
  } catch {
    // An input that breaks off ends the work, and so does the signal, whose reason is told by whoever gave it.
  } finally {
    stdin.unpipe(input);
    await server.close();
  }
}

/** Knows which requests have no answer yet. */
class AnsweringTransport extends StdioServerTransport {
  readonly #unanswered = new Set<RequestId>();
  readonly #events = new EventEmitter();

  /** The server calls this one before its own. */
  override onmessage = (message: JSONRPCMessage): void => {
    if (isJSONRPCRequest(message)) this.#unanswered.add(message.id);
    else if ("method" in message && message.method === "notifications/cancelled") {
      // Nobody answers a call that was called off.
      this.#settle(message.params?.requestId as RequestId);
    }
  };

  override async send(message: JSONRPCMessage): Promise<void> {
    try {
      await super.send(message);
    } finally {
      if (isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message)) {
        this.#settle(message.id);
      }
    }
  }

  async answered(signal: AbortSignal): Promise<void> {
    while (this.#unanswered.size > 0) await once(this.#events, "settled", { signal });
  }

  #settle(id: RequestId | undefined): void {
    if (id !== undefined) this.#unanswered.delete(id);
    this.#events.emit("settled");
  }
}
