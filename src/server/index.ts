// The public names of qrag/server.
export type { LogEntry } from "./log.ts";
export { logLine } from "./log.ts";
export type { ServerEmbedder, ServerOptions, ServerStore } from "./options.ts";
export type { GateServer } from "./server.ts";
export { serveGate } from "./server.ts";
