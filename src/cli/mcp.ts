// qrag mcp: the gate's tools for clients of the Model Context Protocol, over standard input and output.
import { once } from "node:events";
import { QragError } from "../../base/errors.ts";
import { modelHelp, modelOptions, parseArguments, wholeNumber } from "./arguments.ts";
import { type Command, exitCodes, withGate } from "./command.ts";

const help = `Usage: qrag mcp [options]

Serves the tools judge, filter and rank to a client of the Model Context Protocol, over standard input and output, until
the client leaves. Needs the package @modelcontextprotocol/server.

Options:
${modelHelp("print errors as JSON")}

Example, in a client's configuration:
  {"mcpServers": {"qrag": {"command": "npx", "args": ["qrag", "mcp"]}}}
`;

export const command: Command = {
  help,
  async run(args, io) {
    const { values } = parseArguments(args, modelOptions, []);
    const { model, calibration } = values;
    const threads = wholeNumber(values.threads, "--threads");
    const [{ gateMcpServer }, { StdioServerTransport }] = await adapter();
    await withGate(io, { model, calibration, threads }, async (gate) => {
      const server = gateMcpServer(gate);
      const ended = once(io.stdin, "end", { signal: io.signal });
      await server.connect(new StdioServerTransport(io.stdin, io.stdout));
      await ended.catch(() => {});
      await server.close();
    });
    return exitCodes.done;
  },
};

/** Loaded when asked for: the package is optional. */
async function adapter() {
  try {
    return await Promise.all([
      import("../adapters/mcp.ts"),
      import("@modelcontextprotocol/server/stdio"),
    ]);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message =
      "qrag mcp needs the package @modelcontextprotocol/server: npm install @modelcontextprotocol/server";
    throw new QragError("INPUT_INVALID", message, { cause });
  }
}
