// One loop per instruction set, of enough independent sums that only the multipliers are waited for.
#include "peak.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace qrag {

namespace {

// Keeps sums in registers and the compiler from dropping the loop, without an instruction.
#define QRAG_KEEP(x, kind) asm volatile("" : "+" kind(x))

#if defined(__x86_64__)

constexpr size_t sums = 12;

__attribute__((target("amx-tile,amx-int8"))) double amx(size_t rounds) {
    for (size_t i = 0; i < rounds; i++) {
        _tile_dpbssd(0, 4, 6);
        _tile_dpbssd(1, 4, 7);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
    }
    return static_cast<double>(rounds) * 4 * 16 * 16 * 64;
}

__attribute__((target("avx512f,avx512vnni"))) double avx512_vnni(size_t rounds) {
    __m512i sum[sums] = {}, a = _mm512_set1_epi8(1), b = _mm512_set1_epi8(2);
    for (size_t i = 0; i < rounds; i++) {
        for (auto & each : sum) {
            each = _mm512_dpbusd_epi32(each, a, b);
            QRAG_KEEP(each, "v");
        }
    }
    return static_cast<double>(rounds) * sums * 64;
}

__attribute__((target("avx2,avxvnni"))) double avx_vnni(size_t rounds) {
    __m256i sum[sums] = {}, a = _mm256_set1_epi8(1), b = _mm256_set1_epi8(2);
    for (size_t i = 0; i < rounds; i++) {
        for (auto & each : sum) {
            each = _mm256_dpbusd_avx_epi32(each, a, b);
            QRAG_KEEP(each, "x");
        }
    }
    return static_cast<double>(rounds) * sums * 32;
}

__attribute__((target("avx2"))) double avx2(size_t rounds) {
    __m256i sum[sums] = {}, a = _mm256_set1_epi8(1), b = _mm256_set1_epi8(2), ones = _mm256_set1_epi16(1);
    for (size_t i = 0; i < rounds; i++) {
        for (auto & each : sum) {
            QRAG_KEEP(a, "x");
            each = _mm256_add_epi32(each, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
            QRAG_KEEP(each, "x");
        }
    }
    return static_cast<double>(rounds) * sums * 32;
}

#elif defined(__aarch64__)

constexpr size_t sums = 16;

__attribute__((target("arch=armv8.2-a+i8mm"))) double i8mm(size_t rounds) {
    int32x4_t sum[sums] = {};
    int8x16_t a = vdupq_n_s8(1), b = vdupq_n_s8(2);
    for (size_t i = 0; i < rounds; i++) {
        for (auto & each : sum) {
            each = vmmlaq_s32(each, a, b);
            QRAG_KEEP(each, "w");
        }
    }
    return static_cast<double>(rounds) * sums * 32;
}

__attribute__((target("arch=armv8.2-a+dotprod"))) double dotprod(size_t rounds) {
    int32x4_t sum[sums] = {};
    int8x16_t a = vdupq_n_s8(1), b = vdupq_n_s8(2);
    for (size_t i = 0; i < rounds; i++) {
        for (auto & each : sum) {
            each = vdotq_s32(each, a, b);
            QRAG_KEEP(each, "w");
        }
    }
    return static_cast<double>(rounds) * sums * 16;
}

#endif

}  // namespace

double multiply_registers([[maybe_unused]] std::string_view kernels, [[maybe_unused]] size_t rounds) {
#if defined(__x86_64__)
    if (kernels == "amx") return amx(rounds);
    if (kernels == "avx512-vnni") return avx512_vnni(rounds);
    if (kernels == "avx-vnni") return avx_vnni(rounds);
    if (kernels == "avx2") return avx2(rounds);
#elif defined(__aarch64__)
    if (kernels == "neon-i8mm") return i8mm(rounds);
    if (kernels == "neon-dotprod") return dotprod(rounds);
#endif
    return 0;
}

}  // namespace qrag
