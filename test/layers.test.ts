// The structure of the code, kept by reading it: floors import downwards only, files and functions stay small.
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
    .filter((path) => !path.includes("/.ggml/"))
    .sort();
}

const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Where a file stands, and what it may import besides its own folder. */
const floors: readonly { holds: RegExp; imports: RegExp }[] = [
  { holds: /^gguf\//, imports: /^gguf\// },
  { holds: /^native\/[^/]+\.ts$/, imports: /^(native|gguf)\// },
  { holds: /^native\/llama\.cpp\//, imports: /^native\// },
  { holds: /^convert\//, imports: /^(convert|native|gguf)\// },
  { holds: /^src\/eval\//, imports: /^(src\/eval\/|src\/[^/]+\.ts$|convert\/|native\/|gguf\/)/ },
  { holds: /^src\/cli\//, imports: /^(src|convert|native|gguf)\// },
  { holds: /^src\/[^/]+\.ts$/, imports: /^(src\/[^/]+\.ts$|native\/|gguf\/)/ },
];

interface Import {
  from: string;
  to: string;
}

function imports(path: string): Import[] {
  const found = read(path).matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g);
  return [...found].map(([, to]) => ({ from: path, to: to! }));
}

const typescript = ["gguf", "convert", "src", "native"].flatMap((folder) => files(folder, /\.ts$/));
const cpp = files("native", /\.(cc|h)$/);

describe("the floors", () => {
  it("are imported downwards only", () => {
    const wrong = typescript
      .flatMap(imports)
      .filter(({ to }) => to.startsWith("."))
      .filter(({ from, to }) => {
        const target = posix.join(posix.dirname(from), to);
        const floor = floors.find(({ holds }) => holds.test(from));
        return !floor?.imports.test(target);
      });
    expect(wrong).toEqual([]);
    expect(typescript.length).toBeGreaterThan(20);
  });

  it("need nothing but Node, one backend aside", () => {
    const packages = typescript.flatMap(imports).filter(({ to }) => !/^(\.|node:)/.test(to));
    const optional = { from: "src/llama_model.ts", to: "node-llama-cpp" };
    for (const found of packages) expect(found).toEqual(optional);
    // Its types leave no trace, and its code is loaded when it is asked for.
    expect(read(optional.from)).not.toMatch(/^import (?!type).*"node-llama-cpp"/m);
  });

  it("hold in C++: kernels, engine and tokenizer know no JavaScript, and napi.h has one door", () => {
    const includes = (path: string) =>
      [...read(path).matchAll(/#include [<"]([^>"]+)[>"]/g)].map((match) => match[1]!);
    for (const path of cpp) {
      const upward = /\/(engine|tokenizer)\//.test(path) ? /napi|addon\// : /^napi\.h$/;
      if (path.endsWith("napi_setup.h")) continue;
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
    for (const path of typescript) expect(read(path), path).not.toMatch(/^export default/m);
    const entry = read("src/index.ts").replace(/\/\/.*\n/g, "");
    expect(entry.replace(/export (type )?\{[^}]*\} from "[^"]+";/g, "").trim()).toBe("");
  });
});
