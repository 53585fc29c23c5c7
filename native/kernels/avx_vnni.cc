// AVX-VNNI: vpdpbusd on 256 bits, unsigned activations (int8 + 128) times signed weights; the 128s go out with the sums.
#define QRAG_LANES 8
#include <immintrin.h>

#include "attention_inl.h"
#include "bit_words_inl.h"

namespace qrag {
namespace {

template <size_t count>
inline void panel_sums(const uint8_t * const * rows, const Panels & panels, size_t panel, int32_t (*sums)[panel_channels]) {
    const int8_t * weights = panels.data + panel * panel_channels * panels.inputs;
    const int32_t * channel_sums = panels.sums + panel * panel_channels;
    const Ints offsets[2] = {load(channel_sums), load(channel_sums + 8)};
    __m256i sum[count][2];
    QRAG_UNROLL for (size_t r = 0; r < count; r++) {
        sum[r][0] = (__m256i)(offsets[0] * -128);
        sum[r][1] = (__m256i)(offsets[1] * -128);
    }
    for (size_t k = 0; k < panels.inputs; k += 4) {
        const auto * line = reinterpret_cast<const __m256i *>(weights + k * panel_channels);
        const __m256i w0 = _mm256_load_si256(line), w1 = _mm256_load_si256(line + 1);
        QRAG_UNROLL for (size_t r = 0; r < count; r++) {
            int32_t four;
            memcpy(&four, rows[r] + k, sizeof four);
            const __m256i a = _mm256_set1_epi32(four);
            sum[r][0] = _mm256_dpbusd_avx_epi32(sum[r][0], a, w0);
            sum[r][1] = _mm256_dpbusd_avx_epi32(sum[r][1], a, w1);
        }
    }
    QRAG_UNROLL for (size_t r = 0; r < count; r++) {
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(sums[r]), sum[r][0]);
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(sums[r] + 8), sum[r][1]);
    }
}

constexpr size_t row_tile = 6;

#include "rows_inl.h"

inline __m256i add_products(__m256i sum, __m256i magnitudes, __m256i factors) {
    return _mm256_dpbusd_avx_epi32(sum, magnitudes, factors);
}

#include "ymm_products_inl.h"

}  // namespace

constexpr Kernels avx_vnni_kernels = table_in_floats<128>("avx-vnni", {multiply, row_products, bit_distances});

}  // namespace qrag
