// The script of crash.test.ts: writes batches into a store until it is killed, and says which ones are in the file.

import type { VectorModel } from "../../src/store/settings.ts";
import { StoreFile } from "../../src/store/store_file.ts";
import { bagOf } from "./bag.ts";

const model: VectorModel = { digest: "d".repeat(64), name: "bag", dimensions: 32 };
const slots = 20;

async function main(path: string, first: number): Promise<void> {
  const file = new StoreFile();
  file.open({ path, readOnly: false, waitForWriter: 5000, model });
  for (let batch = first; ; batch++) {
    const documents = Array.from({ length: 8 }, (_, index) => ({
      id: `${batch % slots}-${index}`,
      path: null,
      text: `batch ${batch} has document ${index} 東京 ${"and words ".repeat((batch * index) % 90)}`,
      metadata: JSON.stringify({ batch }),
      whole: false,
    }));
    const texts = file.prepare(documents, false);
    const matrix = new Float32Array(texts.length * model.dimensions);
    for (const [row, text] of texts.entries()) {
      matrix.set(bagOf(text, model.dimensions), row * model.dimensions);
    }
    file.commit(matrix);
    if (batch % 7 === 3) file.remove([`${(batch + 5) % slots}-0`, `${(batch + 5) % slots}-1`]);
    if (batch % 13 === 5) file.compact();
    if (!process.stdout.write(`${batch}\n`)) {
      await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
    }
  }
}

void main(process.argv[2]!, Number(process.argv[3]));
