// Where bytes are written, one piece after the other.

export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}
