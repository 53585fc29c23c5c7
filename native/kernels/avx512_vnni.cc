// AVX-512 VNNI: vpdpbusd on 512 bits, one register for the 16 channels of a panel, the activation broadcast from memory.
#define QRAG_LANES 16
#include <immintrin.h>

#include "attention_inl.h"
#include "bit_words_inl.h"
#include "zmm_products_inl.h"

namespace qrag {
namespace {

/**
 * The sums of `count` rows with `wide` neighbouring panels. Rows go in groups of three, base, base + stride and
 * base + 2 stride: a pointer for every row would not fit the registers, and reloading them costs as much as the products.
 */
template <size_t count, size_t wide>
inline void tile_sums(const uint8_t * rows, size_t stride, const Panels & panels, size_t panel,
                      int32_t (*sums)[count][panel_channels]) {
    constexpr size_t groups = (count + 2) / 3;
    const uint8_t * group[groups];
    QRAG_UNROLL for (size_t g = 0; g < groups; g++) group[g] = rows + 3 * g * stride;
    const size_t panel_size = panel_channels * panels.inputs;
    const int8_t * weights = panels.data + panel * panel_size;
    __m512i sum[wide][count];
    QRAG_UNROLL for (size_t p = 0; p < wide; p++) {
        const Ints offsets = load(panels.sums + (panel + p) * panel_channels);
        QRAG_UNROLL for (size_t r = 0; r < count; r++) sum[p][r] = (__m512i)(offsets * -128);
    }
    for (size_t k = 0; k < panels.inputs; k += 4) {
        __m512i w[wide];
        QRAG_UNROLL for (size_t p = 0; p < wide; p++) w[p] = _mm512_load_si512(weights + p * panel_size + k * panel_channels);
        QRAG_UNROLL for (size_t r = 0; r < count; r++) {
            int32_t four;
            memcpy(&four, group[r / 3] + r % 3 * stride, sizeof four);
            const __m512i a = _mm512_set1_epi32(four);
            QRAG_UNROLL for (size_t p = 0; p < wide; p++) sum[p][r] = _mm512_dpbusd_epi32(sum[p][r], a, w[p]);
        }
        QRAG_UNROLL for (size_t g = 0; g < groups; g++) group[g] += 4;
    }
    QRAG_UNROLL for (size_t p = 0; p < wide; p++) {
        QRAG_UNROLL for (size_t r = 0; r < count; r++) _mm512_storeu_si512(sums[p][r], sum[p][r]);
    }
}

template <size_t count, size_t wide>
inline void multiply_tile(const Rows & rows, size_t first, const Panels & panels, size_t panel, Into into, float * out,
                          size_t out_stride) {
    int32_t sums[wide][count][panel_channels];
    tile_sums<count, wide>(rows.data + first * rows.stride, rows.stride, panels, panel, sums);
    for (size_t r = 0; r < count; r++) {
        float * line = out + (first + r) * out_stride;
        const float scale = rows.scales[first + r];
        if (into == Into::swiglu) {
            finish_swiglu(panels, panel, scale, sums[0][r], sums[wide - 1][r], line + panel / 2 * panel_channels);
            continue;
        }
        for (size_t p = 0; p < wide; p++) {
            finish(panels, panel + p, into, scale, sums[p][r], line + (panel + p) * panel_channels);
        }
    }
}

/** 24 sums, two registers of weights and one of activations: of the 32 there are. */
constexpr size_t row_tile = 12;

template <size_t wide>
void multiply_panels(const Rows & rows, const Panels & panels, size_t panel, Into into, float * out, size_t out_stride) {
    size_t r = 0;
    for (; r + row_tile <= rows.count; r += row_tile) {
        multiply_tile<row_tile, wide>(rows, r, panels, panel, into, out, out_stride);
    }
    for (; r + 3 <= rows.count; r += 3) multiply_tile<3, wide>(rows, r, panels, panel, into, out, out_stride);
    for (; r < rows.count; r++) multiply_tile<1, wide>(rows, r, panels, panel, into, out, out_stride);
}

/** Panels outside, rows inside: the weights come from memory once, two panels stay in the first cache for all rows. */
void multiply(const Rows & rows, const Panels & panels, Into into, float * out, size_t out_stride) {
    const size_t count = panels.channels / panel_channels;
    size_t panel = 0;
    for (; panel + 2 <= count; panel += 2) multiply_panels<2>(rows, panels, panel, into, out, out_stride);
    if (panel < count) multiply_panels<1>(rows, panels, panel, into, out, out_stride);
}

}  // namespace

constexpr Kernels avx512_vnni_kernels = table_in_floats<128>("avx512-vnni", {multiply, row_products, bit_distances});

}  // namespace qrag
