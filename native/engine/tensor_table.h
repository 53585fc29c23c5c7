// The loader's table of tensors: gguf/architecture.ts holds the same one, and a test keeps the two equal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hyperparameters.h"

struct ggml_tensor;

namespace qrag {

/** The weights of one block; every pointer is set once Weights is built. */
struct Block {
    ggml_tensor * attn_norm;    // [embedding]
    ggml_tensor * attn_q;       // [embedding, query]
    ggml_tensor * attn_k;       // [embedding, keyValue]
    ggml_tensor * attn_v;       // [embedding, keyValue]
    ggml_tensor * attn_output;  // [query, embedding]
    ggml_tensor * ffn_norm;     // [embedding]
    ggml_tensor * ffn_gate;     // [embedding, feedForward]
    ggml_tensor * ffn_up;       // [embedding, feedForward]
    ggml_tensor * ffn_down;     // [feedForward, embedding]
};

/** The weights outside the blocks; those marked optional may be null. */
struct GlobalTensors {
    ggml_tensor * token_embd;   // [embedding, vocabulary]
    ggml_tensor * output_norm;  // [embedding]
    ggml_tensor * decision;     // [embedding, decision]
    ggml_tensor * output;       // [embedding, vocabulary], optional: the full head where it is not token_embd
    ggml_tensor * rope_freqs;   // [ropeHalf], optional: factors that divide RoPE's frequencies
};

/** A length in a shape, computed from the model's numbers. */
enum class Size { embedding, query, key_value, feed_forward, vocabulary, decision, rope_half };

const char * name_of(Size size);
int64_t length_of(Size size, const Hyperparameters & numbers);

struct TensorRow {
    const char * name;        // "{block}" stands for the block's number
    std::vector<Size> shape;  // row length first
    bool matrix;              // any weight type; otherwise F32 only
    bool required;
    ggml_tensor * GlobalTensors::* shared;  // where the tensor goes: one of these two
    ggml_tensor * Block::* block;
};

const std::vector<TensorRow> & tensor_table();

}  // namespace qrag
