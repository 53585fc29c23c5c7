// QragError: the one error class of the package, and the closed list of its codes.

export const errorCodes = [
  "MODEL_NOT_FOUND",
  "MODEL_INVALID",
  "MODEL_UNSUPPORTED",
  "CHECKPOINT_INVALID",
  "CHECKPOINT_UNMAPPED",
  "TOKENIZER_UNSUPPORTED",
  "INPUT_INVALID",
  "OUTPUT_FAILED",
  "GENERATION_FAILED",
  "LISTEN_FAILED",
  "DOWNLOAD_FAILED",
  "STORE_NOT_FOUND",
  "STORE_INVALID",
  "STORE_BUSY",
  "OUT_OF_MEMORY",
  "NATIVE_MISSING",
  "DISPOSED",
  "INTERNAL",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** On every QragError. A program may hold this class twice, of the ES module and of the CommonJS one. */
const brand = Symbol.for("qrag.QragError");

/** Every failure of this package. `code` is stable; the message says what was wrong, where, and what to do. */
export class QragError extends Error {
  override readonly name = "QragError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

Object.defineProperty(QragError.prototype, brand, { value: true });

Object.defineProperty(QragError, Symbol.hasInstance, {
  /** The other copy's errors count. A class that extends this one goes by its own chain, as any class does. */
  value(this: unknown, error: unknown): boolean {
    if (this === QragError) return Object(error)[brand] === true;
    return Function.prototype[Symbol.hasInstance].call(this, error);
  },
});
