// Attention in floats, on the vectors of vector_inl.h: for every kernel set that has nothing better.
#pragma once

#include "table_inl.h"

namespace qrag {
namespace {

/** A block in floats: keys [width][16], then values [16][width]. */
constexpr size_t block_positions = 16;
constexpr size_t vectors_per_block = block_positions / lanes;

size_t float_block_bytes(size_t width) { return 2 * block_positions * width * sizeof(float); }

void set_in_floats(uint8_t * block, size_t width, size_t column, const float * key, const float * value) {
    auto * keys = reinterpret_cast<float *>(block);
    for (size_t d = 0; d < width; d++) keys[d * block_positions + column] = key[d];
    memcpy(keys + (block_positions + column) * width, value, width * sizeof(float));
}

void copy_floats(uint8_t * to, const uint8_t * from, size_t width, size_t columns) {
    for (size_t d = 0; d < width; d++) {
        const size_t row = d * block_positions * sizeof(float);
        memcpy(to + row, from + row, columns * sizeof(float));
    }
    const size_t values = block_positions * width * sizeof(float);
    memcpy(to + values, from + values, columns * width * sizeof(float));
}

inline const float * floats(const uint8_t * block) { return reinterpret_cast<const float *>(block); }

/** Rows worked on together: as many sums as the registers of the instruction set hold beside their operands. */
#if defined(__aarch64__)  // 32 registers, and products with one lane of another: a vector of queries needs no broadcast
constexpr size_t score_rows = 4, mix_rows = 4, mix_columns = 4;
constexpr bool lanes_multiply = true;
#else
constexpr size_t score_rows = lanes == 16 ? 16 : lanes == 8 ? 6 : 2;
constexpr size_t mix_rows = lanes == 16 ? 8 : lanes == 8 ? 6 : 4;
constexpr size_t mix_columns = 2;
constexpr bool lanes_multiply = false;
#endif

/** The scores of `rows` queries against all blocks of keys, [width][16] each. */
template <size_t rows>
inline void score(const Attention & a, size_t first, size_t padded) {
    // Side by side per dimension, the rows' numbers are broadcast from constant offsets: no pointer per row.
    float * queries = a.scratch + a.rows * padded;
    for (size_t r = 0; r < rows; r++) {
        for (size_t d = 0; d < a.width; d++) queries[d * rows + r] = a.queries[first + r][d];
    }
    for (size_t block = 0; block * block_positions < padded; block++) {
        const float * keys = floats(a.blocks[block]);
        Vec sum[rows][vectors_per_block] = {};
        for (size_t d = 0; d < a.width; d++) {
            Vec key[vectors_per_block];
            QRAG_UNROLL for (size_t v = 0; v < vectors_per_block; v++) key[v] = load(keys + d * block_positions + v * lanes);
            const Vec together = lanes_multiply && rows == lanes ? load(queries + d * rows) : Vec{};
            QRAG_UNROLL for (size_t r = 0; r < rows; r++) {
                const float query = lanes_multiply && rows == lanes ? together[r] : queries[d * rows + r];
                QRAG_UNROLL for (size_t v = 0; v < vectors_per_block; v++) sum[r][v] += key[v] * query;
            }
        }
        QRAG_UNROLL for (size_t r = 0; r < rows; r++) {
            float * scores = a.scratch + (first + r) * padded + block * block_positions;
            QRAG_UNROLL for (size_t v = 0; v < vectors_per_block; v++) store(scores + v * lanes, sum[r][v]);
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
        const float * values = floats(a.blocks[start / block_positions]) + block_positions * a.width + column;
        const float * weights = a.scratch + first * padded + start;
        const size_t here = positions - start < block_positions ? positions - start : block_positions;
        for (size_t i = 0; i < here; i++) {
            Vec value[columns];
            QRAG_UNROLL for (size_t c = 0; c < columns; c++) value[c] = load(values + i * a.width + c * lanes);
            QRAG_UNROLL for (size_t r = 0; r < rows; r++) {
                const float weight = weights[r * padded + i];
                QRAG_UNROLL for (size_t c = 0; c < columns; c++) sum[r][c] += value[c] * weight;
            }
        }
    }
    QRAG_UNROLL for (size_t r = 0; r < rows; r++) {
        QRAG_UNROLL for (size_t c = 0; c < columns; c++) store(a.out[first + r] + column + c * lanes, sum[r][c]);
    }
}

template <size_t rows>
inline void mix_rows_of(const Attention & a, size_t first, size_t positions, size_t padded) {
    size_t column = 0;
    for (; column + mix_columns * lanes <= a.width; column += mix_columns * lanes) {
        mix<rows, mix_columns>(a, first, column, positions, padded);
    }
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

/** A table with attention in floats. */
template <uint8_t offset>
constexpr Kernels table_in_floats(const char * name, const Products & products) {
    Kernels table = table_of<offset>(name, products);
    table.block = {block_positions, float_block_bytes, set_in_floats, copy_floats};
    table.attention_rows = 16;
    table.attend = attend;
    return table;
}

}  // namespace
}  // namespace qrag
