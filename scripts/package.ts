// Builds dist/: the ES modules with their types (tsc), and one CommonJS bundle for require() (esbuild).
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { optionsOf } from "./command_line.ts";

optionsOf(
  "Usage: npm run build\n\nBuilds dist/: the ES modules with their types, and the CommonJS bundle. No options.",
  {},
);

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
rmSync(dist, { recursive: true, force: true });

function tsc(project: string, ...options: string[]): void {
  const program = join(root, "node_modules", "typescript", "bin", "tsc");
  const args = [program, "--project", join(root, project), ...options];
  const { status } = spawnSync(process.execPath, args, {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

tsc("tsconfig.build.json");
// Declarations of what is public only, once for each kind of module: TypeScript takes a .d.ts file's kind from the
// package.json above it.
tsc("tsconfig.types.json");
tsc("tsconfig.types.json", "--outDir", join(dist, "cjs"));
writeFileSync(join(dist, "cjs", "package.json"), '{ "type": "commonjs" }\n');
// What the server sends to browsers is sent as it is written.
cpSync(join(root, "src", "server", "page"), join(dist, "src", "server", "page"), {
  recursive: true,
});
chmodSync(join(dist, "src", "cli", "main.js"), 0o755);

await build({
  entryPoints: [join(root, "src", "index.ts")],
  outfile: join(dist, "cjs", "index.cjs"),
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  packages: "external",
  // CommonJS has no import.meta; the package's root is found from the bundle's place as from any other file's.
  banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  define: { "import.meta.url": "importMetaUrl" },
  logLevel: "warning",
});
