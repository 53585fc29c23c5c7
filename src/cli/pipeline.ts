// Works on several items of a stream at once and hands the results out in order, each as soon as it is there.

/**
 * Starts `work` on up to `depth` items ahead of the consumer. The stream is read while results are awaited, so neither
 * a slow source nor slow work holds the other up. When the source fails, the results of what it gave before come first.
 */
export async function* pipeline<T, R>(
  source: AsyncIterable<T>,
  depth: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<[T, R], void> {
  const iterator = source[Symbol.asyncIterator]();
  const started: Started<T, R>[] = [];
  let reading: Promise<Read<T>> | undefined = read(iterator);
  let last: Read<T> | undefined;
  try {
    while (reading || started.length > 0) {
      const [oldest] = started;
      const event = await firstOf<Started<T, R> | Read<T>>(
        oldest?.settled,
        started.length < depth ? reading : undefined,
      );
      if (event.kind === "started") {
        started.shift();
        yield [event.item, await event.result];
      } else if (event.kind === "item") {
        started.push(start(event.item, work));
        reading = read(iterator);
      } else {
        last = event;
        reading = undefined;
      }
    }
    if (last?.kind === "error") throw last.error;
  } finally {
    iterator.return?.().catch(() => {});
  }
}

/** Work that has begun. `settled` never rejects, and so counts as handled even if nobody fetches the result. */
interface Started<T, R> {
  readonly kind: "started";
  readonly item: T;
  readonly result: Promise<R>;
  readonly settled: Promise<Started<T, R>>;
}

type Read<T> =
  | { readonly kind: "item"; readonly item: T }
  | { readonly kind: "end" }
  | { readonly kind: "error"; readonly error: unknown };

function start<T, R>(item: T, work: (item: T) => Promise<R>): Started<T, R> {
  const result = work(item);
  const settle = (): Started<T, R> => started;
  const settled = result.then(settle, settle);
  const started: Started<T, R> = { kind: "started", item, result, settled };
  return started;
}

async function read<T>(iterator: AsyncIterator<T>): Promise<Read<T>> {
  try {
    const { done, value } = await iterator.next();
    return done ? { kind: "end" } : { kind: "item", item: value };
  } catch (error) {
    return { kind: "error", error };
  }
}

function firstOf<E>(...events: (Promise<E> | undefined)[]): Promise<E> {
  return Promise.race(events.filter((event) => event !== undefined));
}
