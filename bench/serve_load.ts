// Loads `qrag serve` as a busy day would, then as an attacker would: what is lost, what is turned away, what memory does.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../base/package_root.ts";
import { countOption, optionsOf } from "../scripts/command_line.ts";

const options = optionsOf(
  `Usage: npm run bench:serve -- [options]

  --requests N     default 20000
  --connections N  default 256
  --passages N     in a request; default 10
  --slow N         clients that never end their request; default 500
  --leaving N      clients that leave in the middle of one; default 1000`,
  {
    requests: { type: "string", default: "20000" },
    connections: { type: "string", default: "256" },
    passages: { type: "string", default: "10" },
    slow: { type: "string", default: "500" },
    leaving: { type: "string", default: "1000" },
  },
);
const requests = countOption("--requests", options.requests);
const connections = countOption("--connections", options.connections);
const passages = countOption("--passages", options.passages);
const slow = countOption("--slow", options.slow);
const leaving = countOption("--leaving", options.leaving);

interface Serving {
  readonly process: ChildProcess;
  readonly url: URL;
}

async function serve(...more: string[]): Promise<Serving> {
  const main = join(packageRoot(), "src", "cli", "main.ts");
  const args = [
    "--import",
    "tsx",
    main,
    "serve",
    "--port",
    "0",
    "--log",
    "none",
    "--json",
    ...more,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(child.stdout!), "line");
  return { process: child, url: new URL(JSON.parse(line).url) };
}

async function stop({ process: child }: Serving): Promise<void> {
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  console.log(`  ended with ${code}`);
}

/** A number of /metrics. */
async function metric({ url }: Serving, name: string): Promise<number> {
  const text = await (await fetch(new URL("/metrics", url))).text();
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
}

const topics = ["rivers", "engines", "taxes", "bread", "planets", "music", "bridges", "birds"];
const text = (number: number) =>
  `Passage ${number} is a short one about ${topics[number % topics.length]}.`;

/** The status, and whether every passage came back. */
async function ask(
  { url }: Serving,
  agent: Agent,
  number: number,
): Promise<{ status: number; whole: boolean }> {
  const documents = Array.from({ length: passages }, (_, place) => text(number + place));
  const body = JSON.stringify({ query: `what is said about ${topics[number % 8]}?`, documents });
  const call = request(new URL("/v1/rerank", url), {
    agent,
    method: "POST",
    headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
  });
  call.end(body);
  const [response] = await once(call, "response");
  let answer = "";
  for await (const chunk of response) answer += chunk;
  const { statusCode: status } = response;
  const indices =
    status === 200 ? JSON.parse(answer).results.map(({ index }: { index: number }) => index) : [];
  return { status, whole: new Set(indices).size === passages };
}

/** Statuses by how often they came; "lost" is no answer, or not all of it. */
async function load(
  serving: Serving,
  count: number,
  atOnce: number,
): Promise<Record<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const counts: Record<string, number> = {};
  let next = 0;
  const client = async () => {
    while (next < count) {
      const { status, whole } = await ask(serving, agent, next++).catch(() => ({
        status: 0,
        whole: false,
      }));
      const name = status === 200 && !whole ? "lost" : status === 0 ? "lost" : String(status);
      counts[name] = (counts[name] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  agent.destroy();
  return counts;
}

async function busyDay(): Promise<void> {
  console.log(`${requests} requests of ${passages} short passages over ${connections} connections`);
  const serving = await serve();
  await load(serving, Math.ceil(requests / 20), connections);
  const before = await metric(serving, "process_resident_memory_bytes");
  const begun = performance.now();
  const counts = await load(serving, requests, connections);
  const seconds = (performance.now() - begun) / 1000;
  const after = await metric(serving, "process_resident_memory_bytes");
  console.log(
    `  ${JSON.stringify(counts)} in ${seconds.toFixed(0)} s: ${(requests / seconds).toFixed(0)} requests/s`,
  );
  console.log(
    `  resident after a twentieth of them ${megabytes(before)}, in the end ${megabytes(after)}`,
  );
  await stop(serving);
}

async function overload(): Promise<void> {
  const limit = 64 * passages;
  console.log(`the same, a tenth as many, with a queue of ${limit} documents`);
  const serving = await serve("--max-queue", String(limit));
  console.log(`  ${JSON.stringify(await load(serving, Math.ceil(requests / 10), connections))}`);
  await stop(serving);
}

async function attack(): Promise<void> {
  console.log(
    `${slow} clients that never end their request, ${leaving} that leave in the middle of one`,
  );
  const serving = await serve("--timeout", "10");
  const { hostname, port } = serving.url;
  const begin =
    'POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n\r\n{"query"';
  const waiting = Array.from({ length: slow }, () => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    // Unread, the answer would hide that the connection has ended.
    socket.resume();
    socket.write(begin);
    return socket;
  });
  console.log(`  meanwhile: ${JSON.stringify(await load(serving, 200, 8))}`);
  const left = Array.from({ length: leaving }, async (_, number) => {
    const documents = Array.from({ length: 50 }, (_, place) => text(number + place));
    const body = JSON.stringify({ query: "q", documents });
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    socket.write(
      `POST /v1/rerank HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.slice(0, number % 2 === 0 ? undefined : 100));
    await new Promise((resolve) => setTimeout(resolve, 1 + (number % 50)));
    socket.destroy();
  });
  await Promise.all(left);
  console.log(`  after those who left: ${JSON.stringify(await load(serving, 200, 8))}`);
  await Promise.all(waiting.map((socket) => (socket.closed ? undefined : once(socket, "close"))));
  const queued = await metric(serving, "te_queue_size");
  const resident = megabytes(await metric(serving, "process_resident_memory_bytes"));
  console.log(`  every slow client was cut off; documents queued ${queued}, resident ${resident}`);
  await stop(serving);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

await busyDay();
await overload();
await attack();
