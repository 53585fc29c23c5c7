// How the patched llama.cpp is built. node-llama-cpp files its builds under their options, and finds them again by these.
export const patchedBuild = {
  // Without AMX, where GCC 12 builds llama.cpp so that it crashes: x86-64 processors with AVX2.
  GGML_NATIVE: "OFF",
  /** The digest of native/llama.cpp/qrag.patch; llama.cpp ignores it, and a build of another patch is another build. */
  QRAG_PATCH: "ba65f2fc",
} as const;
