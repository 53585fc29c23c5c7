// FastWeights: all that the fast graph reads of a model, its matrices packed.
#pragma once

#include <functional>
#include <vector>

#include "../hyperparameters.h"
#include "packed.h"
#include "../tensor_table.h"

namespace qrag {

struct FastBlock {
    std::vector<float> attn_norm, ffn_norm;
    Packed qkv;        // query heads (scaled, evens before odds in what RoPE rotations), key heads (likewise), value heads
    Packed output;     // heads of padded width -> embedding
    Packed gate_up;    // panels alternate gate, up
    Packed down;
};

/** How weights are packed, and on how many threads. */
struct Packing {
    const Kernels & kernels;
    /** Matrices of Q4_0 become int8 too: faster to compute with, twice the memory. */
    bool unpack;
    size_t threads;
    /** Called on any of the threads when a block's own matrices are no longer read. */
    std::function<void(size_t)> block_done;
};

struct FastWeights {
    FastWeights(const Hyperparameters & numbers, const GlobalTensors & shared, const std::vector<Block> & source, const Packing & packing);

    // Lengths padded to whole panels: of a head, of the residual stream, of the feed-forward's inside.
    size_t width, embedding, feed_forward;
    std::vector<FastBlock> blocks;
    std::vector<float> output_norm;
    std::vector<float> decision;     // [decision][embedding_length]
    std::vector<double> frequencies; // [rope_half]: the angle a pair rotations by from position to position
};

}  // namespace qrag
