// NEON as every aarch64 processor has it. Two products of int8 fit 16 bits, 2 * 127 * 127 = 32,258: one smull and one
// smlal, then sadalp adds neighbours into 32 bits.
#define QRAG_LANES 4
#include <arm_neon.h>

#include "attention_inl.h"

namespace qrag {
namespace {

/**
 * Adds eight inputs' products of four channels: `a0` and `a1` hold four of a row's inputs each, four times over. All rows
 * go through it step by step, not one after the other: small processors run it in the order written, and would wait.
 */
template <size_t c, size_t count>
inline void add_eight_inputs(int32x4_t (&sum)[count][8], const int8x16_t (&a0)[count], const int8x16_t (&a1)[count],
                             const int8_t * weights) {
    const int8x16_t w0 = vld1q_s8(weights + c * 16), w1 = vld1q_s8(weights + c * 16 + 4 * panel_channels);
    int16x8_t low[count], high[count];
    for (size_t r = 0; r < count; r++) {
        low[r] = vmull_s8(vget_low_s8(w0), vget_low_s8(a0[r]));
        high[r] = vmull_high_s8(w0, a0[r]);
    }
    for (size_t r = 0; r < count; r++) {
        low[r] = vmlal_s8(low[r], vget_low_s8(w1), vget_low_s8(a1[r]));
        high[r] = vmlal_high_s8(high[r], w1, a1[r]);
    }
    for (size_t r = 0; r < count; r++) {
        sum[r][2 * c] = vpadalq_s16(sum[r][2 * c], low[r]);
        sum[r][2 * c + 1] = vpadalq_s16(sum[r][2 * c + 1], high[r]);
    }
}

/** The sums of `count` rows with one panel: eight registers a row, each of two channels' even and odd pairs of inputs. */
template <size_t count>
inline void panel_sums(const uint8_t * const * rows, const Panels & panels, size_t panel, int32_t (*sums)[panel_channels]) {
    const int8_t * weights = panels.data + panel * panel_channels * panels.inputs;
    int32x4_t sum[count][8];
    for (auto & row : sum) {
        for (int32x4_t & pair : row) pair = vdupq_n_s32(0);
    }
    for (size_t k = 0; k < panels.inputs; k += 8) {
        int8x16_t a0[count], a1[count];
        for (size_t r = 0; r < count; r++) {
            const int32x2_t eight = vreinterpret_s32_u8(vld1_u8(rows[r] + k));
            a0[r] = vreinterpretq_s8_s32(vdupq_lane_s32(eight, 0));
            a1[r] = vreinterpretq_s8_s32(vdupq_lane_s32(eight, 1));
        }
        // Spelled out: Clang leaves a loop over channels as it is, with the sums in memory.
        const int8_t * lines = weights + k * panel_channels;
        add_eight_inputs<0>(sum, a0, a1, lines);
        add_eight_inputs<1>(sum, a0, a1, lines);
        add_eight_inputs<2>(sum, a0, a1, lines);
        add_eight_inputs<3>(sum, a0, a1, lines);
    }
    for (size_t r = 0; r < count; r++) {
        for (size_t c = 0; c < 4; c++) vst1q_s32(sums[r] + 4 * c, vpaddq_s32(sum[r][2 * c], sum[r][2 * c + 1]));
    }
}

constexpr size_t row_tile = 2;

#include "rows_inl.h"

/** Two products of 128 and 127 fit 16 bits. */
inline int32x4_t add_products(int32x4_t sum, int8x16_t row, int8x16_t query) {
    const int16x8_t pairs = vmlal_high_s8(vmull_s8(vget_low_s8(row), vget_low_s8(query)), row, query);
    return vpadalq_s16(sum, pairs);
}

#include "neon_bits_inl.h"
#include "neon_products_inl.h"

}  // namespace

constexpr Kernels neon_kernels = table_in_floats<0>("neon", {multiply, row_products, bit_distances});

}  // namespace qrag
