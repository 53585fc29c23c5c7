// Asked before any of ggml's kernels run: they were compiled for one instruction set and would end the process on less.
// This file, as all of our own, is compiled for the architecture's baseline.
#include "cpu_floor.h"

#include "ggml-cpu.h"

#if defined(_WIN32)
#include <windows.h>
#endif

namespace qrag {

const char * missing_cpu_feature() {
    if (!ggml_cpu_has_avx2()) return nullptr;  // built for the baseline
#if defined(_WIN32) && (defined(_M_X64) || defined(__x86_64__))
    return IsProcessorFeaturePresent(PF_AVX2_INSTRUCTIONS_AVAILABLE) ? nullptr : "AVX2";
#elif defined(__x86_64__) || defined(__i386__)
    // The compiler's run time asks the operating system too: AVX counts only where its registers are saved.
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? nullptr : "AVX2 and FMA";
#else
    return nullptr;
#endif
}

}  // namespace qrag
