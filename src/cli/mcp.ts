// qrag mcp: the tools of a gate and a store for clients of the Model Context Protocol, over standard input and output.
import { QragError } from "../../base/errors.ts";
import { gateOptions, modelHelp, modelOptions, parseArguments, UsageError } from "./arguments.ts";
import { type Command, exitCodes, withGate } from "./command.ts";
import { embedderHelp, storeOptions, withStoreParts } from "./store_options.ts";

const help = `Usage: qrag mcp [options]

Serves the tools judge, filter and rank to a client of the Model Context Protocol, over standard input and output, until
the client leaves; with a store also search and ask. Needs the package @modelcontextprotocol/server.

Options:
      --store FILE    a store of qrag index: adds the tools search and ask
${embedderHelp}
${modelHelp("print errors as JSON")}

Example, in a client's configuration:
  {"mcpServers": {"qrag": {"command": "npx", "args": ["qrag", "mcp", "--store", "/home/me/notes/.qrag/store.qrag"]}}}
`;

export const command: Command = {
  help,
  async run(args, io) {
    const { values } = parseArguments(args, { ...modelOptions, ...storeOptions }, []);
    if (values.embedder !== undefined && values.store === undefined) {
      throw new UsageError("--embedder belongs to --store");
    }
    const [{ gateMcpServer }, { serveStreams }] = await adapter();
    await withStoreParts(io, values, ({ store }) =>
      withGate(io, gateOptions(values), (gate) =>
        serveStreams(gateMcpServer(gate, { store }), io.stdin, io.stdout, io.signal),
      ),
    );
    return exitCodes.done;
  },
};

/** Loaded when asked for: the package is optional. */
async function adapter() {
  try {
    return await Promise.all([import("../adapters/mcp.ts"), import("../adapters/mcp_stdio.ts")]);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message =
      "qrag mcp needs the package @modelcontextprotocol/server: npm install @modelcontextprotocol/server";
    throw new QragError("INPUT_INVALID", message, { cause });
  }
}
