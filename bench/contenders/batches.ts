// Batches of the size that suits a contender best: tried out at its first call with many passages, which is not timed.

/** Larger ones were never better on two cores, and no program would wait for them. */
const sizes = [1, 4, 8, 16];

type Work<Input, Output> = (inputs: readonly Input[]) => Promise<readonly Output[]>;

/** What answers a batch, made to answer any number of inputs. */
export function inBatches<Input, Output>(work: Work<Input, Output>) {
  let size: number | undefined;
  return async (inputs: readonly Input[]): Promise<Output[]> => {
    if (inputs.length > 1) size ??= await bestSize(work, inputs);
    const outputs: Output[] = [];
    for (let begin = 0; begin < inputs.length; begin += size ?? 1) {
      outputs.push(...(await work(inputs.slice(begin, begin + (size ?? 1)))));
    }
    return outputs;
  };
}

async function bestSize<Input>(
  work: Work<Input, unknown>,
  inputs: readonly Input[],
): Promise<number> {
  const timed: { size: number; perInput: number }[] = [];
  for (const size of sizes) {
    const batch = Array.from({ length: size }, (_, i) => inputs[i % inputs.length]!);
    // The first run of a new shape also plans its memory.
    await work(batch);
    const begun = performance.now();
    await work(batch);
    timed.push({ size, perInput: (performance.now() - begun) / size });
  }
  return timed.reduce((best, each) => (each.perInput < best.perInput ? each : best)).size;
}
