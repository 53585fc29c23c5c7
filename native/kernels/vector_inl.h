// The float kernels, written once on vectors of QRAG_LANES floats and compiled by every instruction set's file.
// Everything here is static: a copy compiled for one instruction set must never be linked into another's code.
#pragma once

#include <math.h>
#include <string.h>

#include "kernels.h"

#ifndef QRAG_LANES
#error "define QRAG_LANES before including vector_inl.h"
#endif

namespace qrag {
namespace {

typedef float Vec __attribute__((vector_size(QRAG_LANES * 4)));
typedef int32_t Ints __attribute__((vector_size(QRAG_LANES * 4)));
// The same in memory, at any float's address. (A memcpy would do, but GCC makes two halves of it.)
typedef float VecInMemory __attribute__((vector_size(QRAG_LANES * 4), aligned(4), may_alias));
typedef int32_t IntsInMemory __attribute__((vector_size(QRAG_LANES * 4), aligned(4), may_alias));

constexpr size_t lanes = QRAG_LANES;

inline Vec load(const float * p) { return *reinterpret_cast<const VecInMemory *>(p); }
inline Ints load(const int32_t * p) { return *reinterpret_cast<const IntsInMemory *>(p); }
inline void store(float * p, Vec v) { *reinterpret_cast<VecInMemory *>(p) = v; }

inline Vec all(float x) { return Vec{} + x; }

inline Vec larger(Vec a, Vec b) { return a > b ? a : b; }

inline Vec magnitude(Vec a) { return (Vec)((Ints)a & 0x7fffffff); }

inline float sum_of(Vec v) {
    float lane[lanes];
    memcpy(lane, &v, sizeof v);
    for (size_t step = lanes / 2; step > 0; step /= 2) {
        for (size_t i = 0; i < step; i++) lane[i] += lane[i + step];
    }
    return lane[0];
}

inline float largest_of(Vec v) {
    float lane[lanes];
    memcpy(lane, &v, sizeof v);
    for (size_t i = 1; i < lanes; i++) lane[0] = lane[i] > lane[0] ? lane[i] : lane[0];
    return lane[0];
}

/** e^x within 2 units in the last place for x in [-87, 88]; below, 0. Split x = n ln 2 + r, then a degree 6 polynomial. */
inline Vec exponential(Vec x) {
    const Ints low = x < all(-87.0f);
    x = x > all(88.0f) ? all(88.0f) : x;
    x = low ? all(-87.0f) : x;
    const Vec shifted = x * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: the sum's low bits are round(x / ln 2)
    const Vec n = shifted - 12582912.0f;
    const Vec r = x - n * 0.693359375f - n * -2.12194440e-4f;
    Vec p = all(1.0f / 720);
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const Ints exponent = ((Ints)shifted - 0x4b400000 + 127) << 23;
    const Vec result = p * (Vec)exponent;
    return low ? Vec{} : result;
}

inline Vec silu(Vec x) { return x / (exponential(-x) + 1.0f); }

/** Scales a row to int8 (plus `offset`), rounding to nearest; the bytes from `count` on stand for zero. */
inline float quantize_row(const float * x, size_t count, uint8_t * out, size_t inputs, float factor,
                          const float * weight, uint8_t offset) {
    Vec most{};
    size_t i = 0;
    float tail = 0;
    for (; i + lanes <= count; i += lanes) {
        const Vec v = weight != nullptr ? load(x + i) * load(weight + i) : load(x + i);
        most = larger(most, magnitude(v));
    }
    for (; i < count; i++) {
        const float v = fabsf(weight != nullptr ? x[i] * weight[i] : x[i]);
        tail = v > tail ? v : tail;
    }
    float largest = largest_of(most);
    largest = (tail > largest ? tail : largest);
    const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
    for (i = 0; i < count; i++) {
        const float v = weight != nullptr ? x[i] * weight[i] : x[i];
        // 1.5 * 2^23 rounds to nearest even, the same in every instruction set and vectorized by every compiler.
        const float rounded = v * inverse + 12582912.0f;
        int32_t bits;
        memcpy(&bits, &rounded, sizeof bits);
        out[i] = (uint8_t)((uint32_t)(bits - 0x4b400000) + offset);
    }
    memset(out + count, offset, inputs - count);
    return largest * factor / 127.0f;
}

template <uint8_t offset>
float quantize(const float * x, size_t count, uint8_t * out, size_t inputs) {
    return quantize_row(x, count, out, inputs, 1.0f, nullptr, offset);
}

template <uint8_t offset>
float normalize(const float * x, const float * weight, float epsilon, size_t count, uint8_t * out, size_t inputs) {
    Vec squares{};
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) squares += load(x + i) * load(x + i);
    float sum = sum_of(squares);
    for (; i < count; i++) sum += x[i] * x[i];
    // The norm's factor is common to the row: it goes into the scale and costs nothing.
    const float factor = 1.0f / sqrtf(sum / (float)count + epsilon);
    return quantize_row(x, count, out, inputs, factor, weight, offset);
}

constexpr size_t vectors_per_block = block_positions / lanes;

/** Rows worked on together: as many sums as the registers of the instruction set hold beside their operands. */
constexpr size_t score_rows = lanes == 16 ? 16 : lanes == 8 ? 6 : 2;
constexpr size_t mix_rows = lanes == 16 ? 8 : lanes == 8 ? 6 : 4;

/** The scores of `rows` queries against all blocks of keys, [width][16] each. */
template <size_t rows>
inline void score(const Attention & a, size_t first, size_t padded) {
    // Side by side per dimension, the rows' numbers are broadcast from constant offsets: no pointer per row.
    float * queries = a.scratch + a.rows * padded;
    for (size_t r = 0; r < rows; r++) {
        for (size_t d = 0; d < a.width; d++) queries[d * rows + r] = a.queries[first + r][d];
    }
    for (size_t block = 0; block * block_positions < padded; block++) {
        const float * keys = a.blocks[block];
        Vec sum[rows][vectors_per_block] = {};
        for (size_t d = 0; d < a.width; d++) {
            Vec key[vectors_per_block];
            for (size_t v = 0; v < vectors_per_block; v++) key[v] = load(keys + d * block_positions + v * lanes);
            for (size_t r = 0; r < rows; r++) {
                for (size_t v = 0; v < vectors_per_block; v++) sum[r][v] += key[v] * queries[d * rows + r];
            }
        }
        for (size_t r = 0; r < rows; r++) {
            float * scores = a.scratch + (first + r) * padded + block * block_positions;
            for (size_t v = 0; v < vectors_per_block; v++) store(scores + v * lanes, sum[r][v]);
        }
    }
}

/** Turns scores into weights that sum to 1; positions from `positions` on get weight 0. */
inline void softmax(float * scores, size_t positions, size_t padded) {
    for (size_t i = positions; i < padded; i++) scores[i] = -INFINITY;
    Vec most = all(-INFINITY);
    for (size_t i = 0; i < padded; i += lanes) most = larger(most, load(scores + i));
    const Vec largest = all(largest_of(most));
    Vec sum{};
    for (size_t i = 0; i < padded; i += lanes) {
        const Vec e = exponential(load(scores + i) - largest);
        store(scores + i, e);
        sum += e;
    }
    const float inverse = 1.0f / sum_of(sum);
    for (size_t i = 0; i < padded; i += lanes) store(scores + i, load(scores + i) * inverse);
}

/** out = weights * values for some rows and columns; a block's values are [16][width]. */
template <size_t rows, size_t columns>
inline void mix(const Attention & a, size_t first, size_t column, size_t positions, size_t padded) {
    Vec sum[rows][columns] = {};
    for (size_t start = 0; start < positions; start += block_positions) {
        const float * values = a.blocks[start / block_positions] + block_positions * a.width + column;
        const float * weights = a.scratch + first * padded + start;
        const size_t here = positions - start < block_positions ? positions - start : block_positions;
        for (size_t i = 0; i < here; i++) {
            Vec value[columns];
            for (size_t c = 0; c < columns; c++) value[c] = load(values + i * a.width + c * lanes);
            for (size_t r = 0; r < rows; r++) {
                const float weight = weights[r * padded + i];
                for (size_t c = 0; c < columns; c++) sum[r][c] += value[c] * weight;
            }
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) store(a.out[first + r] + column + c * lanes, sum[r][c]);
    }
}

template <size_t rows>
inline void mix_rows_of(const Attention & a, size_t first, size_t positions, size_t padded) {
    size_t column = 0;
    for (; column + 2 * lanes <= a.width; column += 2 * lanes) mix<rows, 2>(a, first, column, positions, padded);
    for (; column < a.width; column += lanes) mix<rows, 1>(a, first, column, positions, padded);
}

/** A row sees its own positions only, but all rows are computed to the largest: what a row does not see weighs 0. */
void attend(const Attention & a) {
    size_t positions = 0;
    for (size_t r = 0; r < a.rows; r++) positions = a.positions[r] > positions ? a.positions[r] : positions;
    const size_t padded = (positions + block_positions - 1) / block_positions * block_positions;
    size_t r = 0;
    for (; r + score_rows <= a.rows; r += score_rows) score<score_rows>(a, r, padded);
    for (; r < a.rows; r++) score<1>(a, r, padded);
    for (r = 0; r < a.rows; r++) softmax(a.scratch + r * padded, a.positions[r], padded);
    for (r = 0; r + mix_rows <= a.rows; r += mix_rows) mix_rows_of<mix_rows>(a, r, positions, padded);
    for (; r < a.rows; r++) mix_rows_of<1>(a, r, positions, padded);
}

/** One row's 16 channels of a product, from their integer sums on: the same arithmetic in every kernel. */
inline void finish(const Panels & panels, size_t panel, Into into, float scale, const int32_t * sums, float * out) {
    const float * scales = panels.scales + panel * panel_channels;
    for (size_t i = 0; i < panel_channels; i += lanes) {
        Vec v = __builtin_convertvector(load(sums + i), Vec) * (load(scales + i) * scale);
        if (into == Into::add) v += load(out + i);
        store(out + i, v);
    }
}

/** The same for a gate and an up panel. */
inline void finish_swiglu(const Panels & panels, size_t panel, float scale, const int32_t * gate, const int32_t * up,
                          float * out) {
    const float * scales = panels.scales + panel * panel_channels;
    for (size_t i = 0; i < panel_channels; i += lanes) {
        const Vec g = __builtin_convertvector(load(gate + i), Vec) * (load(scales + i) * scale);
        const Vec u = __builtin_convertvector(load(up + i), Vec) * (load(scales + panel_channels + i) * scale);
        store(out + i, silu(g) * u);
    }
}

}  // namespace
}  // namespace qrag
