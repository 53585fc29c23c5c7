// Symbol.asyncDispose, which Node 20.0 to 20.4 lack; compilers that lower `await using` then look for this one.
/// <reference lib="esnext.disposable" preserve="true" />

export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
