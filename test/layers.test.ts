// The structure of the code, kept by reading it: floors import downwards only and in no circle, files and functions stay small.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Files below a folder, as paths from the root with forward slashes. */
function files(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !/\/(\.[^/]+|node_modules)\//.test(path))
    .sort();
}

const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Where a file stands, and what it may import besides its own folder. */
const floors: readonly { holds: RegExp; imports: RegExp }[] = [
  { holds: /^base\//, imports: /^base\// },
  { holds: /^gguf\//, imports: /^(gguf|base)\// },
  { holds: /^native\//, imports: /^(native|gguf|base)\// },
  { holds: /^convert\//, imports: /^(convert|native|gguf|base)\// },
  { holds: /^src\/cli\//, imports: /^(src|convert|native|gguf|base)\// },
  { holds: /^src\/adapters\//, imports: /^(src\/(?!cli\/|eval\/|mine\/|server\/)|gguf\/|base\/)/ },
  {
    holds: /^src\/server\//,
    imports: /^(src\/(?!cli\/|mine\/|adapters\/)|native\/|gguf\/|base\/)/,
  },
  {
    holds: /^src\/store\//,
    imports: /^(src\/(?!cli\/|eval\/|mine\/|server\/|adapters\/)|native\/|gguf\/|base\/)/,
  },
  { holds: /^src\/mine\//, imports: /^(src\/(?!cli\/|server\/|adapters\/)|gguf\/|base\/)/ },
  {
    holds: /^src\/hub\//,
    imports: /^(src\/(?!cli\/|eval\/|mine\/|server\/|adapters\/)|convert\/|native\/|gguf\/|base\/)/,
  },
  {
    holds: /^src\/eval\//,
    imports: /^(src\/(?!cli\/|mine\/|server\/|adapters\/)|convert\/|native\/|gguf\/|base\/)/,
  },
  {
    holds: /^src\//,
    imports: /^(src\/(?!cli\/|eval\/|mine\/|server\/|store\/|adapters\/)|native\/|gguf\/|base\/)/,
  },
  { holds: /^(scripts|bench)\//, imports: /^/ },
];

interface Import {
  from: string;
  to: string;
}

function imports(path: string): Import[] {
  const found = read(path).matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g);
  return [...found].map(([, to]) => ({ from: path, to: to! }));
}

/** What is published, and what is not. */
const published = ["base", "gguf", "convert", "src", "native"].flatMap((folder) =>
  files(folder, /\.ts$/),
);
const typescript = [
  ...published,
  ...["scripts", "bench"].flatMap((folder) => files(folder, /\.ts$/)),
];
const cpp = files("native", /\.(cc|h)$/);

const target = (from: string, to: string) => posix.join(posix.dirname(from), to);

/** The first circle found, from a file back to itself; empty if there is none. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]): string[] => {
    const start = above.indexOf(path);
    if (start >= 0) return [...above.slice(start), path];
    if (done.has(path)) return [];
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...above, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const path of graph.keys()) {
    const circle = visit(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

/** The functions of a formatted file that have more lines than `most`: each ends at a brace of its own indentation. */
function longFunctions(path: string, most: number): string[] {
  const lines = read(path).split("\n");
  const opens =
    /^(\s*)(?!.*\b(?:class|struct|namespace|interface|enum|switch|union|describe)\b)(?!\s*\}).*\(.*\{$/;
  return lines.flatMap((line, index) => {
    const indentation = opens.exec(line)?.[1];
    if (indentation === undefined) return [];
    const length = lines.slice(index).findIndex((each) => each.startsWith(`${indentation}}`));
    return length > most ? [`${path}:${index + 1} ${length} lines`] : [];
  });
}

describe("the floors", () => {
  it("are imported downwards only", () => {
    const wrong = typescript
      .flatMap(imports)
      .filter(({ to }) => to.startsWith("."))
      .filter(({ from, to }) => {
        const floor = floors.find(({ holds }) => holds.test(from));
        return !floor?.imports.test(target(from, to));
      });
    expect(wrong).toEqual([]);
    expect(typescript.length).toBeGreaterThan(20);
  });

  it("has no circles", () => {
    const graph = new Map(
      typescript.map((path) => [
        path,
        imports(path)
          .filter(({ to }) => to.startsWith("."))
          .map(({ to }) => target(path, to)),
      ]),
    );
    expect(circleIn(graph)).toEqual([]);
    expect(
      circleIn(
        new Map([
          ["a", ["b"]],
          ["b", ["c"]],
          ["c", ["b"]],
        ]),
      ),
    ).toEqual(["b", "c", "b"]);
  });

  it("need nothing but Node, one backend, a reader of ONNX and what reads documents aside", () => {
    const packages = published.flatMap(imports).filter(({ to }) => !/^(\.|node:)/.test(to));
    const protobuf = { from: "convert/checkpoint/onnx_proto.ts", to: "pbf" };
    const parsers = ["markdown", "html_tree", "ignore_rules"].map((n) => `src/passages/${n}.ts`);
    const peers = [
      { from: "src/passages/pdf.ts", to: "unpdf" },
      { from: "src/passages/docx.ts", to: "mammoth" },
      { from: "src/llama/model.ts", to: "node-llama-cpp" },
      { from: "src/llama/package.ts", to: "node-llama-cpp" },
    ];
    // Each adapter needs the framework it is for, and only those who use it have it.
    const adapter = /^src\/(adapters\/|cli\/mcp\.ts)/;
    for (const found of packages) {
      if (parsers.includes(found.from) || adapter.test(found.from)) continue;
      expect([...peers, protobuf]).toContainEqual(found);
    }
    // Their types leave no trace, and their code is loaded when it is asked for.
    for (const { from, to } of peers) {
      expect(read(from)).not.toMatch(new RegExp(`^import (?!type).*"${to}"`, "m"));
    }
    const needed = packages
      .filter(({ from, to }) => !peers.some((peer) => peer.to === to) && !adapter.test(from))
      .map(({ to }) => to);
    const { dependencies } = JSON.parse(read("package.json"));
    expect(Object.keys(dependencies).sort()).toEqual(needed.sort());
  });

  it("hold in C++: kernels, engine, scan and tokenizer know no JavaScript, and napi.h has one door", () => {
    const includes = (path: string) =>
      [...read(path).matchAll(/#include [<"]([^>"]+)[>"]/g)].map((match) => match[1]!);
    for (const path of cpp) {
      if (path.endsWith("napi_setup.h")) continue;
      // Kernels know arrays and nothing of what calls them.
      const upward = /\/kernels\//.test(path)
        ? /napi|addon\/|engine\/|tokenizer\/|^\.\.\/|ggml/
        : /\/(engine|scan|tokenizer)\//.test(path)
          ? /napi|addon\//
          : /^napi\.h$/;
      expect(
        includes(path).filter((name) => upward.test(name)),
        path,
      ).toEqual([]);
    }
    expect(cpp.length).toBeGreaterThan(10);
  });
});

describe("every file", () => {
  it.each([...typescript, ...cpp])("%s says its job in its first line and stays small", (path) => {
    const text = read(path);
    expect(text.replace(/^#!.*\n/, "")).toMatch(/^\/\/ \S/);
    expect(text.split("\n").length).toBeLessThanOrEqual(path.endsWith(".ts") ? 251 : 351);
    expect(longFunctions(path, 70)).toEqual([]);
  });

  it.each(cpp.filter((path) => !/\/(test|bench)\//.test(path)))(
    "%s never prints, exits or aborts",
    (path) => {
      expect(read(path)).not.toMatch(
        /\b(printf|fprintf|puts|exit|_Exit|abort|terminate)\s*\(|std::c(out|err)\b/,
      );
    },
  );

  it("has no default export, and the entry only names what it gives", () => {
    for (const path of published) expect(read(path), path).not.toMatch(/^export default/m);
    const entry = read("src/index.ts").replace(/\/\/.*\n/g, "");
    expect(entry.replace(/export (type )?\{[^}]*\} from "[^"]+";/g, "").trim()).toBe("");
  });
});
