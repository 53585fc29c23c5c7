// One loop per instruction set, of enough independent sums that only the multipliers are waited for.
#include "peak.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace qrag {

namespace {

// Keeps a value in a register and the compiler from dropping the loop, without an instruction.
#define QRAG_KEEP(x, kind) asm volatile("" : "+" kind(x))

// The loop of one instruction set: `next` is what becomes of a sum `each`, by so many products of `a` and `b`.
#define QRAG_LOOP(name, instructions, Sum, kind, first, second, products, next)  \
    __attribute__((target(instructions))) double name(size_t rounds) {           \
        Sum sum[sums] = {};                                                      \
        auto a = first, b = second;                                              \
        for (size_t i = 0; i < rounds; i++) {                                    \
            for (auto & each : sum) {                                            \
                QRAG_KEEP(a, kind);                                              \
                each = next;                                                     \
                QRAG_KEEP(each, kind);                                           \
            }                                                                    \
        }                                                                        \
        return static_cast<double>(rounds) * sums * products;                    \
    }

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

QRAG_LOOP(avx512_vnni, "avx512f,avx512vnni", __m512i, "v", _mm512_set1_epi8(1), _mm512_set1_epi8(2), 64,
          _mm512_dpbusd_epi32(each, a, b))
QRAG_LOOP(avx_vnni, "avx2,avxvnni", __m256i, "x", _mm256_set1_epi8(1), _mm256_set1_epi8(2), 32,
          _mm256_dpbusd_avx_epi32(each, a, b))
QRAG_LOOP(avx2, "avx2", __m256i, "x", _mm256_set1_epi8(1), _mm256_set1_epi8(2), 64,
          _mm256_add_epi32(each, _mm256_madd_epi16(_mm256_add_epi16(_mm256_maddubs_epi16(a, b), _mm256_maddubs_epi16(b, a)),
                                                   _mm256_set1_epi16(1))))
QRAG_LOOP(floats_512, "avx512f", __m512, "v", _mm512_set1_ps(1), _mm512_set1_ps(2), 16, _mm512_fmadd_ps(a, b, each))
QRAG_LOOP(floats_256, "avx2,fma", __m256, "x", _mm256_set1_ps(1), _mm256_set1_ps(2), 8, _mm256_fmadd_ps(a, b, each))

#elif defined(__aarch64__)

constexpr size_t sums = 16;

QRAG_LOOP(i8mm, "arch=armv8.2-a+i8mm", int32x4_t, "w", vdupq_n_s8(1), vdupq_n_s8(2), 32, vmmlaq_s32(each, a, b))
QRAG_LOOP(dotprod, "arch=armv8.2-a+dotprod", int32x4_t, "w", vdupq_n_s8(1), vdupq_n_s8(2), 16, vdotq_s32(each, a, b))
QRAG_LOOP(floats_128, "arch=armv8-a", float32x4_t, "w", vdupq_n_f32(1), vdupq_n_f32(2), 4, vfmaq_f32(each, a, b))

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

double multiply_floats([[maybe_unused]] std::string_view kernels, [[maybe_unused]] size_t rounds) {
#if defined(__x86_64__)
    if (kernels == "avx512-vnni") return floats_512(rounds);
    if (kernels == "avx-vnni" || kernels == "avx2") return floats_256(rounds);
#elif defined(__aarch64__)
    return floats_128(rounds);
#endif
    return 0;
}

}  // namespace qrag
