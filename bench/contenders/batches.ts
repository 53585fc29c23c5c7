// Batches of the size that suits a contender best: tried out at its first call with many passages, which is not timed.

/** Larger ones were never better on two cores, and no program would wait for them. */
const sizes = [1, 4, 8, 16];

/** What judges a batch of pairs, made to judge any number of them. */
export function inBatches<Pair>(judge: (pairs: readonly Pair[]) => Promise<number[]>) {
  let size: number | undefined;
  return async (pairs: readonly Pair[]): Promise<number[]> => {
    if (pairs.length > 1) size ??= await bestSize(judge, pairs);
    const margins: number[] = [];
    for (let begin = 0; begin < pairs.length; begin += size ?? 1) {
      margins.push(...(await judge(pairs.slice(begin, begin + (size ?? 1)))));
    }
    return margins;
  };
}

async function bestSize<Pair>(
  judge: (pairs: readonly Pair[]) => Promise<unknown>,
  pairs: readonly Pair[],
): Promise<number> {
  const timed: { size: number; perPair: number }[] = [];
  for (const size of sizes) {
    const batch = Array.from({ length: size }, (_, i) => pairs[i % pairs.length]!);
    // The first run of a new shape also plans its memory.
    await judge(batch);
    const begun = performance.now();
    await judge(batch);
    timed.push({ size, perPair: (performance.now() - begun) / size });
  }
  return timed.reduce((best, each) => (each.perPair < best.perPair ? each : best)).size;
}
