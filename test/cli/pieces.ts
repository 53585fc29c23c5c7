// Bytes as they come out of a pipe: in pieces of any size.

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function stream(text: string | Uint8Array, size = 5): AsyncGenerator<Uint8Array, void> {
  return pieces(Buffer.from(text), size);
}
