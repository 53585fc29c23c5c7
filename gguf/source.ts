// ByteSource: random access to the bytes of a file or a buffer, the only way the readers see a file.
import { constants } from "node:fs";
import { open } from "node:fs/promises";

export interface ByteSource {
  /** Bytes in the whole source, fixed when it was opened. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`; rejects when the source has become shorter. `into`, if given, is memory that
   * they may be read into, at least as many; otherwise they get memory of their own.
   */
  read(offset: number, length: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Node refuses to read 2 GiB in one call. */
const maxRead = 2 ** 30;

export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    async read(offset, length) {
      checkRange(offset, length, bytes.length);
      return bytes.subarray(offset, offset + length);
    },
    async close() {},
  };
}

/** Opens a regular file. O_NONBLOCK: opening a FIFO must not hang before it can be refused. */
export async function fileSource(path: string): Promise<ByteSource> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new RangeError("not a regular file");
    const { size } = stat;
    return {
      size,
      async read(offset, length, into = new Uint8Array(length)) {
        checkRange(offset, length, size);
        const bytes = into.subarray(0, length);
        let done = 0;
        while (done < length) {
          const piece = Math.min(length - done, maxRead);
          const { bytesRead } = await file.read(bytes, done, piece, offset + done);
          if (bytesRead === 0) {
            throw new RangeError(`the file was cut to ${offset + done} bytes while it was read`);
          }
          done += bytesRead;
        }
        return bytes;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function checkRange(offset: number, length: number, size: number): void {
  const sound = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (!sound || offset < 0 || length < 0 || offset + length > size) {
    throw new RangeError(
      `bytes ${offset}..${offset + length} are outside the ${size} that are there`,
    );
  }
}
