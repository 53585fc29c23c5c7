// Times the conversion of a checkpoint of the published shape, each kind in a process of its own.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { convertCheckpoint } from "../convert/convert.ts";
import type { ConvertOptions } from "../convert/options.ts";
import { optionsOf } from "../scripts/command_line.ts";
import { writePublished } from "./published.ts";

const cases: Record<string, Pick<ConvertOptions, "type" | "layout">> = {
  q8_0: { type: "Q8_0" },
  q4_0: { type: "Q4_0" },
  f16: { type: "F16" },
  "q8_0, layout llama": { type: "Q8_0", layout: "llama" },
};

async function convertOnce(folder: string, name: string): Promise<void> {
  const output = join(folder, "out.gguf");
  const begun = performance.now();
  await convertCheckpoint({
    checkpoint: join(folder, "checkpoint.pt"),
    tokenizer: join(folder, "tokenizer.json"),
    output,
    force: true,
    // Random weights read no text better one way than another.
    rope: "interleaved",
    gateUp: "gate-first",
    proof: false,
    ...cases[name]!,
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  const peak = megabytes(process.resourceUsage().maxRSS * 1024);
  console.log(
    `${name.padEnd(20)} ${seconds} s, peak memory ${peak}, file ${megabytes(statSync(output).size)}`,
  );
}

const [folder, name] = process.argv.slice(2);
if (folder !== undefined && Object.hasOwn(cases, name ?? "")) {
  await convertOnce(folder, name!);
} else {
  optionsOf(
    "Usage: npm run bench:convert\n\nSeconds, peak memory and size for each type of weights.",
    {},
  );
  const made = mkdtempSync(join(tmpdir(), "qrag-bench-"));
  try {
    const { checkpoint } = await writePublished(made);
    console.log(`checkpoint of ${(statSync(checkpoint).size / 1e6).toFixed(0)} MB`);
    for (const each of Object.keys(cases)) {
      const script = fileURLToPath(import.meta.url);
      const { status } = spawnSync(process.execPath, [...process.execArgv, script, made, each], {
        stdio: "inherit",
      });
      if (status !== 0) process.exitCode = 1;
    }
  } finally {
    rmSync(made, { recursive: true });
  }
}
