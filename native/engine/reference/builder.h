// Builder: what every architecture's reference graph is written in. Shapes are in ggml's order, fastest first; n is the
// number of packed tokens.
#pragma once

#include <string>

#include "../architectures/architecture.h"
#include "ggml.h"

namespace qrag {

/** Which named steps are outputs too, readable after the run: all, or the one of a name, or none. */
struct KeptSteps {
    bool all = false;
    std::string name;

    bool any() const { return all || !name.empty(); }
    bool holds(const char * step) const { return all || name == step; }
};

struct Builder {
    ggml_context * context;
    const Hyperparameters & numbers;
    const GlobalTensors & globals;
    const std::vector<Block> & blocks;
    const KeptSteps & kept;
    // Inputs, to be filled once the graph has memory.
    ggml_tensor * tokens;     // I32 [n]
    ggml_tensor * positions;  // I32 [n]
    ggml_tensor * types;      // I32 [n]; null where the architecture has none
    ggml_tensor * mask;       // F32 [n, n]

    /** Gives a step its name, such as "blk.3.attn_norm"; outside the blocks without the prefix. */
    ggml_tensor * named(ggml_tensor * tensor, const char * name, int block = -1) const;

    /** weight * x + bias; the bias may be null. */
    ggml_tensor * linear(ggml_tensor * weight, ggml_tensor * bias, ggml_tensor * x) const;

    ggml_tensor * rms_norm(ggml_tensor * x, ggml_tensor * weight) const;
    ggml_tensor * layer_norm(ggml_tensor * x, ggml_tensor * weight, ggml_tensor * bias) const;

    /**
     * q: [width, heads, n], k: [width, heads_kv, n], v: [width * heads_kv, n] -> [width * heads, n], not yet projected.
     * Each head of k and v serves heads / heads_kv of q.
     */
    ggml_tensor * attend(ggml_tensor * q, ggml_tensor * k, ggml_tensor * v) const;
};

/** The name of an encoder's step that holds what block number `block` gives, [embedding, n]. */
std::string last_step_of(int64_t block);

ggml_tensor * build_decoder(Builder & builder);
ggml_tensor * build_encoder(Builder & builder);

}  // namespace qrag
