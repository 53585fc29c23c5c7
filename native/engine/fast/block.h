// The two halves of a block, over a run of rows: what a thread does between two meetings with the others.
#pragma once

#include <vector>

#include "../../kernels/kernels.h"
#include "weights.h"
#include "key_values.h"

namespace qrag {

/** One token to compute. */
struct TokenRow {
    int32_t token;
    int32_t type;
    size_t position;
    size_t sees;         // how many keys of its sequence
    size_t sequence;
    KeyValues * keys;    // of its sequence
    bool first, wanted;  // the first of its sequence's own tokens; one whose last state is read
};

/** One thread's working memory. */
struct Scratch {
    Scratch(const Hyperparameters & numbers, const FastWeights & weights);

    /** Takes all the memory that `count` rows with up to `positions` keys need: computing must not, it cannot fail. */
    void prepare(size_t count, size_t positions, const FastWeights & weights);

    Rows rows(size_t count, size_t stride) const { return {quantized.data(), scales.data(), count, stride}; }

    size_t heads, qkv_stride;
    // Of the rows that go through a product together.
    Aligned<uint8_t> quantized;  // [rows][inputs of the product at hand]
    Aligned<float> scales, attention;
    // One thing after the other: queries, keys and values [rows][qkv_stride], what attention gives [rows][heads * width],
    // the feed-forward's inside [rows][feed_forward]. The same memory is still in the second cache when it is written.
    Aligned<float> floats;
    Aligned<int8_t> unpacked;  // panels of the 4-bit matrix at hand
    // Of all the thread's rows.
    std::vector<float> query_states;  // queries between the two halves of a block: [rows][heads * width]
    std::vector<TokenRow> wanted_rows;
    // Attention's lists of rows.
    std::vector<const float *> queries;
    std::vector<float *> results;
    std::vector<size_t> seen;
};

/** What all threads read. */
struct FastModel {
    const Recipe recipe;
    const Hyperparameters numbers;
    const Kernels & kernels;
    const FastWeights weights;
    std::vector<float> rotations;  // [positions so far][cosines, sines][rope_half]

    /** Extends `rotations` to so many positions. */
    void extend_rotations(size_t positions);
};

/** First half: queries, keys, values. Queries wait in the scratch for everybody's keys. */
void project(const FastModel & model, size_t layer, const TokenRow * rows, size_t count, const float * x, Scratch & scratch);

/** Second half: attention, output projection, feed-forward. The residual stream x stays in float. */
void finish_block(const FastModel & model, size_t layer, const TokenRow * rows, size_t count, float * x, Scratch & scratch);

}  // namespace qrag
