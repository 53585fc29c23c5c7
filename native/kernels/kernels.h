// The kernels: one table of functions per instruction set. They know arrays and lengths, no model, and call nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qrag {

/**
 * Weights as all kernels read them: panels of 16 output channels, in a panel four consecutive inputs of every channel
 * side by side, so that one 64-byte row feeds one AMX tile row, one zmm, two ymm or four NEON registers.
 *
 *   data[panel][input / 4][channel][input % 4]      int8, |weight| <= 127
 *
 * `inputs` is a multiple of 64, channels of 16; padding is zero.
 */
struct Panels {
    const int8_t * data;
    const float * scales;  // [channels]: weight = scale * int8
    const int32_t * sums;  // [channels]: sum of a channel's int8 weights
    size_t inputs;
    size_t channels;
    const float * biases;  // [channels]: added to each product, save with Into::swiglu; null for none
};

/**
 * The same weights in four bits, as they wait in memory for their panel's turn. Two lines of 64 bytes lie in one, the
 * first in the low halves of its bytes; every 32 inputs of a channel have a multiplier:
 *
 *   data[panel][input / 8][channel][input % 4]      nibble n of 0 to 15 for input % 8 < 4, and for the four after them
 *   multipliers[panel][input / 32][channel]         int8 = ((n - 8) * multiplier + 128) >> 8
 *
 * The product and its sum with 128 fit 16 bits.
 */
struct Nibbles {
    const uint8_t * data;
    const int16_t * multipliers;
    size_t inputs;
};

constexpr int max_weight = 127;
constexpr size_t nibble_group = 32;
constexpr size_t panel_channels = 16;
constexpr size_t input_step = 64;
constexpr size_t row_step = 16;

/**
 * Rows of activations, one scale each: value = scale * int8. Stored as int8, or as int8 + 128 where the kernel says so.
 * Memory is readable up to the next multiple of `row_step` rows, whatever it holds.
 */
struct Rows {
    const uint8_t * data;
    const float * scales;
    size_t count;
    size_t stride;  // bytes from row to row, at least the panels' inputs; a multiple of 64
};

enum class Into {
    store,   // out[row][channel] = product
    add,     // out[row][channel] += product
    gelu,    // out[row][channel] = gelu(product), by the error function
    swiglu,  // panels alternate gate, up: out[row][channel / 2] = silu(gate) * up, 16 columns per two panels
};

/**
 * Keys and values of one attention head come in blocks of positions, so that sequences can share a prefix's blocks. How
 * a block looks inside is its kernel set's business.
 */
struct KeyValueLayout {
    size_t positions;
    size_t (*bytes)(size_t width);
    /** Puts one position's key and value, of `width` floats each, into its column. Columns may be set by several threads. */
    void (*set)(uint8_t * block, size_t width, size_t column, const float * key, const float * value);
    /** Copies the first `columns` columns, and touches no other. */
    void (*copy)(uint8_t * to, const uint8_t * from, size_t width, size_t columns);
};

/** Times 255, the largest activation with its offset, this fits 16 bits. */
constexpr int max_short_sum = 128;

/** No kernel set likes to attend more rows together than this. */
constexpr size_t max_attention_rows = 32;

/** Rows that look at the same keys: the heads that share them, times a few neighbouring tokens. */
struct Attention {
    const uint8_t * const * blocks;  // in the order of positions
    size_t width;                    // of a head, a multiple of 16
    size_t rows;
    const float * const * queries;  // [rows] -> [width], scaled already
    float * const * out;            // [rows] -> [width]
    const size_t * positions;       // [rows]: how many keys a row sees, at least 1
    float * scratch;                // attention_scratch(...) floats, at a multiple of 64 bytes
};

/** A sum of so many products of int8 fits 31 bits, and so does what is taken off where one of the factors has an offset. */
constexpr size_t max_scan_dimensions = 65536;

using RowProducts = void (*)(const int8_t * query, const int8_t * rows, size_t count, size_t dimensions, int32_t * products);
using BitDistances = void (*)(const uint8_t * query, const uint8_t * rows, size_t count, size_t bytes, int32_t * distances);

struct Kernels {
    const char * name;
    /** Activations are int8 + 128. */
    bool offset_activations;
    /**
     * Products are first summed in 16 bits: those of inputs i, i + 1, i + 4 and i + 5, where i is 0 or 2 in every eight.
     * A channel's weights of one sign among these four must not sum to more than max_short_sum.
     */
    bool short_sums;
    /** Around all computing of a thread. */
    void (*begin_thread)();
    void (*end_thread)();
    /** Panels from `panel` on, as int8. */
    void (*unpack)(const Nibbles & nibbles, size_t panel, size_t count, int8_t * out);
    void (*multiply)(const Rows & rows, const Panels & panels, Into into, float * out, size_t out_stride);
    /** One row: out = quantized x, of `inputs` bytes of which those from `count` on are padding. Returns the scale. */
    float (*quantize)(const float * x, size_t count, uint8_t * out, size_t inputs);
    /** The same of x / rms(x) * weight. */
    float (*normalize)(const float * x, const float * weight, float epsilon, size_t count, uint8_t * out, size_t inputs);
    /** x = (x - mean(x)) / deviation(x) * weight + bias, in floats and in place. */
    void (*layer_norm)(float * x, const float * weight, const float * bias, float epsilon, size_t count);
    float (*dot)(const float * a, const float * b, size_t count);
    /** RoPE: rotations the first 2 * half dimensions of a head, evens before odds. */
    void (*rotate)(float * head, const float * cosines, const float * sines, size_t half);
    KeyValueLayout block;
    /** How far keys, queries and weights are rounded in attention: 0 for floats. */
    float attention_step;
    /** How many rows it likes best to attend together. */
    size_t attention_rows;
    void (*attend)(const Attention & attention);
    /**
     * For scanning vectors, where rows lie end to end and at any address: products[r] = query * row r, exactly, for up to
     * max_scan_dimensions. Of int8 the rows may hold all 256, the query no -128. Needs no begin_thread, as the next.
     */
    RowProducts row_products;
    /** distances[r]: in how many bits the query differs from row r. */
    BitDistances bit_distances;
};

/** Floats of scratch memory that attending `rows` rows of up to `positions` takes, with every kernel set. */
constexpr size_t attention_scratch(size_t rows, size_t positions, size_t width) {
    return (rows + max_attention_rows) * (positions + 64) + 2 * max_attention_rows * width;
}

extern const Kernels portable_kernels;
#if defined(__x86_64__) || defined(_M_X64)
extern const Kernels avx2_kernels;
extern const Kernels avx_vnni_kernels;
extern const Kernels avx512_vnni_kernels;
extern const Kernels amx_kernels;
#elif defined(__aarch64__)
extern const Kernels neon_kernels;
extern const Kernels neon_dotprod_kernels;
extern const Kernels neon_i8mm_kernels;
#endif

}  // namespace qrag
