// AVX2 without VNNI. vpmaddubsw adds products in pairs, with 16 bits; two such sums are added in 16 bits too before they
// are widened, which costs an instruction less. Weights are packed so that nothing saturates (Kernels::short_sums).
// Activations are int8 + 128; the 128s go out with the sums.
#define QRAG_LANES 8
#include <immintrin.h>

#include "attention_inl.h"
#include "bit_words_inl.h"

namespace qrag {
namespace {

/** Four of a row's activations, for every channel. */
inline __m256i four_of(const uint8_t * row) {
    int32_t four;
    memcpy(&four, row, sizeof four);
    return _mm256_set1_epi32(four);
}

/** The sums of `count` rows with one panel: 16 channels are two registers a row. */
template <size_t count>
inline void panel_sums(const uint8_t * const * rows, const Panels & panels, size_t panel, int32_t (*sums)[panel_channels]) {
    const int8_t * weights = panels.data + panel * panel_channels * panels.inputs;
    const int32_t * channel_sums = panels.sums + panel * panel_channels;
    const Ints offsets[2] = {load(channel_sums), load(channel_sums + 8)};
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sum[count][2];
    QRAG_UNROLL for (size_t r = 0; r < count; r++) {
        sum[r][0] = (__m256i)(offsets[0] * -128);
        sum[r][1] = (__m256i)(offsets[1] * -128);
    }
    for (size_t k = 0; k < panels.inputs; k += 8) {
        const auto * line = reinterpret_cast<const __m256i *>(weights + k * panel_channels);
        QRAG_UNROLL for (size_t r = 0; r < count; r++) {
            const __m256i a = four_of(rows[r] + k), b = four_of(rows[r] + k + 4);
            QRAG_UNROLL for (size_t half = 0; half < 2; half++) {
                const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(a, _mm256_load_si256(line + half)),
                                                       _mm256_maddubs_epi16(b, _mm256_load_si256(line + 2 + half)));
                sum[r][half] = _mm256_add_epi32(sum[r][half], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    QRAG_UNROLL for (size_t r = 0; r < count; r++) {
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(sums[r]), sum[r][0]);
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(sums[r] + 8), sum[r][1]);
    }
}

constexpr size_t row_tile = 4;

#include "rows_inl.h"

/** Two products of 128 and 127 fit 16 bits: nothing saturates here either. */
inline __m256i add_products(__m256i sum, __m256i magnitudes, __m256i factors) {
    const __m256i pairs = _mm256_maddubs_epi16(magnitudes, factors);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

#include "ymm_products_inl.h"

constexpr Kernels table() {
    Kernels table = table_in_floats<128>("avx2", {multiply, row_products, bit_distances});
    table.short_sums = true;
    return table;
}

}  // namespace

constexpr Kernels avx2_kernels = table();

}  // namespace qrag
