// The package as others get it: packed, installed into an empty folder, and used from there. Needs dist/ and the addon built.
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pair = ["capital of Germany", "Berlin is the capital of Germany."];

interface Ending {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function run(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}, cwd = app) {
  // Of this process's own settings none is to reach the installed package.
  const own = Object.entries(process.env).filter(([name]) => !/^QRAG_|^NODE_OPTIONS$/.test(name));
  const env = { ...Object.fromEntries(own), ...more };
  // npm is a script of the shell's on Windows.
  const shell = process.platform === "win32" && program !== process.execPath;
  return new Promise<Ending>((resolve) => {
    execFile(program, args, { cwd, env, shell }, (error, out, err) => {
      resolve({ status: error ? Number(error.code ?? -1) : 0, out, err });
    });
  });
}

async function succeeds(program: string, args: readonly string[], cwd = app): Promise<Ending> {
  const ending = await run(program, args, {}, cwd);
  if (ending.status !== 0) throw new Error(`${program} ${args[0]}:\n${ending.out}${ending.err}`);
  return ending;
}

async function runScript(name: string, text: string): Promise<Ending> {
  await writeFile(join(app, name), text);
  return run(process.execPath, [name]);
}

/** Files below a folder, with forward slashes. */
function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
}

let folder: string;
/** The project that uses qrag, and qrag in it. */
let app: string;
let installed: string;
let unreachable: string | undefined;

const networkFailure =
  /\b(EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b/;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-package-"));
  app = join(folder, "app");
  installed = join(app, "node_modules", "qrag");
  await mkdir(app);
  // What `prepare` does, but for compiling.
  for (const script of ["build", "stage"]) await succeeds("npm", ["run", script], root);
  const packing = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder];
  const { out } = await succeeds("npm", packing, root);
  await writeFile(join(app, "package.json"), '{"name": "app", "private": true}');
  const quick = ["--no-audit", "--no-fund", "--fetch-retries=1", "--prefer-offline"];
  const { status, err } = await run("npm", ["install", ...quick, join("..", out.trim())]);
  if (status === 0) return;
  [unreachable] = networkFailure.exec(err) ?? [];
  if (unreachable === undefined) throw new Error(err);
}, 300_000);

beforeEach(({ skip }) => {
  if (unreachable) skip(`npm could not reach its registry for qrag's dependencies: ${unreachable}`);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the packed package", () => {
  it("holds everything that runs and that the addon is compiled from, and no tests", async () => {
    const { out } = await succeeds(
      "git",
      ["ls-files", "-co", "--exclude-standard", "native"],
      root,
    );
    const cpp = out
      .split("\n")
      .filter((path) => /\.(cc|h)$/.test(path) && !/^native\/(test|bench)\//.test(path));
    const packed = files(installed);
    expect(packed.filter((path) => /^native\//.test(path)).sort()).toEqual(cpp.sort());
    expect(packed).toEqual(
      expect.arrayContaining([
        "CMakeLists.txt",
        "LICENSE",
        "NOTICE",
        "bench/holdout.jsonl",
        "dist/src/server/page/index.html",
        "models/qrag.gguf",
        "vendor/ggml/LICENSE",
        "vendor/node-addon-api/LICENSE.md",
        "vendor/node-api-headers/LICENSE",
      ]),
    );
    const folders = new Set(packed.map((path) => path.replace(/\/.*/s, "/")));
    expect([...folders].filter((name) => name.endsWith("/")).sort()).toEqual([
      "bench/",
      "dist/",
      "models/",
      "native/",
      "prebuilds/",
      "vendor/",
    ]);
  });

  it("scores from an ES module", async () => {
    const ending = await runScript(
      "main.mjs",
      `import { loadGate } from "qrag";
      const gate = await loadGate();
      console.log(await gate.score(...${JSON.stringify(pair)}));
      await gate.dispose();`,
    );
    expect(ending).toEqual({ status: 0, out: "1\n", err: "" });
  });

  it("scores from a CommonJS module", async () => {
    const ending = await runScript(
      "main.cjs",
      `const { loadGate } = require("qrag");
      loadGate().then(async (gate) => {
        console.log(await gate.score(...${JSON.stringify(pair)}));
        await gate.dispose();
      });`,
    );
    expect(ending).toEqual({ status: 0, out: "1\n", err: "" });
  });

  it("scores from the shell, and has nothing to compile", async () => {
    expect(await run("npx", ["--no", "--", "qrag", "score", ...pair])).toMatchObject({
      out: "1\n",
    });
    const { out } = await succeeds("npx", ["--no", "--", "qrag", "build", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ compiled: false });
  });

  it("serves, and adapts itself to what is there", async () => {
    const { out, err } = await runScript(
      "doors.mjs",
      `for (const door of ["server", "ai-sdk", "langchain", "mcp"]) {
        const names = await import("qrag/" + door).then(Object.keys, (error) => error.message);
        console.log(door, String(names));
      }
      const { loadGate } = await import("qrag");
      const { serveGate } = await import("qrag/server");
      const gate = await loadGate();
      const server = await serveGate(gate, { port: 0 });
      const page = await fetch(server.url, { headers: { accept: "text/html" } });
      console.log(page.status, page.headers.get("content-type"));
      await server.close();
      await gate.dispose();`,
    );
    expect(err).toBe("");
    expect(out.split("\n")).toEqual([
      expect.stringMatching(/^server .*serveGate/),
      expect.stringMatching(/^ai-sdk .*gateRerankingModel/),
      expect.stringMatching(/^langchain Cannot find package '@langchain\/core' imported from /),
      expect.stringMatching(/^mcp Cannot find package '@modelcontextprotocol\/server' imported /),
      "200 text/html; charset=utf-8",
      "",
    ]);
  });

  it("has types for both kinds of module", async () => {
    const use = 'const answer: Promise<0 | 1> = loadGate().then((gate) => gate.score("q", "p"));';
    const imports = 'import { loadGate } from "qrag";\n';
    const more = 'import "qrag/server";\nimport "qrag/ai-sdk";\n';
    await writeFile(join(app, "types.mts"), `${imports}${more}export ${use}`);
    await writeFile(join(app, "types.cts"), `${imports}export ${use}`);
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const kind = [
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--lib",
      "es2023,esnext.disposable",
    ];
    const types = ["--typeRoots", join(root, "node_modules", "@types"), "--types", "node"];
    const checks = ["--noEmit", "--strict", "--skipLibCheck"];
    const args = [tsc, ...kind, ...types, ...checks, "types.mts", "types.cts"];
    expect(await run(process.execPath, args)).toEqual({ status: 0, out: "", err: "" });
  });
});

describe("the packed package on a machine that it has no addon for", () => {
  beforeAll(() => unreachable ?? rename(join(installed, "prebuilds"), join(folder, "prebuilds")));

  it("says which command makes one", async () => {
    const { status, err } = await run("npx", ["--no", "--", "qrag", "score", ...pair]);
    expect(status).toBe(4);
    expect(err).toMatch(/qrag\.node: not there\n[\s\S]*Run `npx qrag build` in your project/);
  });

  it("says what a compiler has to be installed with", async () => {
    const main = join(installed, "dist", "src", "cli", "main.js");
    const { status, err } = await run(process.execPath, [main, "build"], { PATH: folder });
    expect(status).toBe(4);
    expect(err).toMatch(/native part needs cmake.*\.\n {2}\S.*\nThen run this command again\./);
  });

  it.runIf(process.env.QRAG_SLOW)(
    "compiles one, and scores",
    async () => {
      const { out } = await succeeds("npx", ["--no", "--", "qrag", "build", "--json"]);
      const path = join(installed, "build", "Release", "qrag.node");
      expect(JSON.parse(out)).toEqual({ path, compiled: true });
      const ending = await run("npx", ["--no", "--", "qrag", "score", ...pair]);
      expect(ending).toMatchObject({ status: 0, out: "1\n" });
    },
    1_800_000,
  );
});
