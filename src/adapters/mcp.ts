// The Model Context Protocol: a server whose tools judge, filter and rank passages, and search a store.
import { McpServer } from "@modelcontextprotocol/server";
import { packageVersion } from "../../base/package_root.ts";
import { type Checks, checkedBy, isObject, refuse } from "../checks.ts";
import type { Gate } from "../gate.ts";
import type { Store } from "../store/store.ts";
import { passageTools } from "./mcp_passages.ts";
import { storeTools } from "./mcp_store.ts";
import { register } from "./mcp_tool.ts";

export interface GateMcpServerOptions {
  /** Adds the tools search and ask. It stays the caller's, who disposes it. Default: none. */
  readonly store?: Pick<Store, "search"> | undefined;
}

const checks: Checks<GateMcpServerOptions> = {
  store: (value, name) =>
    isObject(value) && typeof value.search === "function"
      ? (value as unknown as Store)
      : refuse("a store", name, value),
};

/** Connect it to a transport: `await gateMcpServer(gate).connect(new StdioServerTransport())`. */
export function gateMcpServer(gate: Gate, options?: GateMcpServerOptions): McpServer {
  const { store } = checkedBy(checks, "gateMcpServer", options);
  const server = new McpServer({ name: "qrag", version: packageVersion() });
  for (const tool of passageTools(gate)) register(server, tool);
  if (store) for (const tool of storeTools(gate, store)) register(server, tool);
  return server;
}
