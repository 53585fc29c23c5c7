// NEON with int8 matrix products (ARMv8.6, and some before): smmla, two rows times two channels of eight inputs each.
#define QRAG_LANES 4
#include <arm_neon.h>

#include "attention_inl.h"

namespace qrag {
namespace {

namespace few_rows {
#include "dotprod_inl.h"
#include "rows_inl.h"
#include "neon_products_inl.h"
}  // namespace few_rows

#include "neon_bits_inl.h"

/** Below this many rows, zipping a panel costs more than smmla saves. */
constexpr size_t worth_zipping = 8;

/** Rows that share a zipped piece of a panel, and inputs in a piece: it stays in the first cache with the rows' sums. */
constexpr size_t block_rows = 64;
constexpr size_t piece_inputs = 512;

constexpr size_t tile_rows = 4;
constexpr size_t tile_sums = tile_rows * panel_channels;

/** A panel's piece in smmla's order: [input / 8][pair of channels][2 channels][8 inputs]. */
inline void zip(const int8_t * weights, size_t inputs, int8_t * zipped) {
    for (size_t at = 0; at < inputs * panel_channels; at += 8 * panel_channels) {
        for (size_t c = 0; c < 4; c++) {
            const int32x4_t low = vreinterpretq_s32_s8(vld1q_s8(weights + at + 16 * c));
            const int32x4_t high = vreinterpretq_s32_s8(vld1q_s8(weights + at + 4 * panel_channels + 16 * c));
            vst1q_s8(zipped + at + 32 * c, vreinterpretq_s8_s32(vzip1q_s32(low, high)));
            vst1q_s8(zipped + at + 32 * c + 16, vreinterpretq_s8_s32(vzip2q_s32(low, high)));
        }
    }
}

/** Adds a piece's products with four rows to sums[pair of rows][pair of channels][2 rows][2 channels]. */
inline void add_piece(const uint8_t * rows, size_t stride, const int8_t * zipped, size_t inputs, int32_t * sums) {
    int32x4_t sum[2][8];
    for (size_t i = 0; i < 16; i++) sum[i / 8][i % 8] = vld1q_s32(sums + 4 * i);
    for (size_t k = 0; k < inputs; k += 16) {
        int64x2_t row[tile_rows];
        for (size_t r = 0; r < tile_rows; r++) row[r] = vreinterpretq_s64_u8(vld1q_u8(rows + r * stride + k));
        const int64x2_t eight[2][2] = {{vzip1q_s64(row[0], row[1]), vzip1q_s64(row[2], row[3])},
                                       {vzip2q_s64(row[0], row[1]), vzip2q_s64(row[2], row[3])}};
        for (size_t half = 0; half < 2; half++) {
            for (size_t pair = 0; pair < 8; pair++) {
                const int8x16_t w = vld1q_s8(zipped + (k + 8 * half) * panel_channels + 16 * pair);
                sum[0][pair] = vmmlaq_s32(sum[0][pair], vreinterpretq_s8_s64(eight[half][0]), w);
                sum[1][pair] = vmmlaq_s32(sum[1][pair], vreinterpretq_s8_s64(eight[half][1]), w);
            }
        }
    }
    for (size_t i = 0; i < 16; i++) vst1q_s32(sums + 4 * i, sum[i / 8][i % 8]);
}

/** The sums of up to `block_rows` rows with one panel, in tiles as add_piece leaves them. Whole tiles of rows are read. */
inline void block_sums(const uint8_t * rows, size_t stride, size_t count, const Panels & panels, size_t panel, int32_t * sums) {
    alignas(64) int8_t zipped[piece_inputs * panel_channels];
    const int8_t * weights = panels.data + panel * panel_channels * panels.inputs;
    const size_t tiles = (count + tile_rows - 1) / tile_rows;
    memset(sums, 0, tiles * tile_sums * sizeof *sums);
    for (size_t k = 0; k < panels.inputs; k += piece_inputs) {
        const size_t here = panels.inputs - k < piece_inputs ? panels.inputs - k : piece_inputs;
        zip(weights + k * panel_channels, here, zipped);
        for (size_t tile = 0; tile < tiles; tile++) {
            add_piece(rows + tile * tile_rows * stride + k, stride, zipped, here, sums + tile * tile_sums);
        }
    }
}

/** One row's sums out of its tile. */
inline void take_row(const int32_t * sums, size_t row, int32_t * line) {
    const int32_t * pairs = sums + row / 2 * 2 * panel_channels + row % 2 * 2;
    for (size_t pair = 0; pair < 8; pair++) vst1_s32(line + 2 * pair, vld1_s32(pairs + 4 * pair));
}

void multiply(const Rows & rows, const Panels & panels, Into into, float * out, size_t out_stride) {
    if (rows.count < worth_zipping) return few_rows::multiply(rows, panels, into, out, out_stride);
    alignas(64) int32_t sums[2][block_rows * panel_channels];
    int32_t line[2][panel_channels];
    const size_t step = into == Into::swiglu ? 2 : 1;
    for (size_t panel = 0; panel < panels.channels / panel_channels; panel += step) {
        for (size_t first = 0; first < rows.count; first += block_rows) {
            const size_t count = rows.count - first < block_rows ? rows.count - first : block_rows;
            const uint8_t * data = rows.data + first * rows.stride;
            for (size_t p = 0; p < step; p++) block_sums(data, rows.stride, count, panels, panel + p, sums[p]);
            for (size_t r = 0; r < count; r++) {
                for (size_t p = 0; p < step; p++) take_row(sums[p], r, line[p]);
                float * to = out + (first + r) * out_stride;
                const float scale = rows.scales[first + r];
                if (into == Into::swiglu) {
                    finish_swiglu(panels, panel, scale, line[0], line[1], to + panel / 2 * panel_channels);
                } else {
                    finish(panels, panel, into, scale, line[0], to + panel * panel_channels);
                }
            }
        }
    }
}

}  // namespace

constexpr Kernels neon_i8mm_kernels = table_in_floats<0>("neon-i8mm", {multiply, few_rows::row_products, bit_distances});

}  // namespace qrag
