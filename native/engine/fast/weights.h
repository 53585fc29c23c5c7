// FastWeights: all that the fast graph reads of a model, its matrices packed.
#pragma once

#include <functional>
#include <vector>

#include "../architectures/architecture.h"
#include "packed.h"

namespace qrag {

struct FastNorm {
    std::vector<float> weight, bias;  // no bias with Norm::rms
};

struct FastBlock {
    FastNorm attention_norm, inner_norm;  // before the two halves of a block, or behind them
    Packed qkv;     // query heads (scaled; evens before odds in what RoPE rotates), key heads (likewise), value heads
    Packed output;  // heads of padded width -> embedding
    Packed inner;   // the feed-forward's inside; with SwiGLU panels alternate gate, up
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
    FastWeights(const Recipe & recipe, const Hyperparameters & numbers, const GlobalTensors & globals,
                const std::vector<Block> & source, const Packing & packing);

    // Lengths padded to whole panels: of a head, of the residual stream, of the feed-forward's inside.
    size_t width, embedding, feed_forward;
    std::vector<FastBlock> blocks;
    std::vector<double> frequencies; // [rope_half]: the angle a pair rotates by from position to position
};

/** The values of a row of a tensor. */
std::vector<float> read_row(const ggml_tensor * tensor, int64_t row = 0);

}  // namespace qrag
