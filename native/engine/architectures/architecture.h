// Architecture: what one kind of model is, as data: its numbers, its tensors, and how its blocks compute.
#pragma once

#include <string>
#include <vector>

#include "../../kernels/kernels.h"
#include "../hyperparameters.h"

struct ggml_tensor;

namespace qrag {

/** The weights of one block; those that the architecture has are set once Weights is built. */
struct Block {
    ggml_tensor * attn_norm;                            // [embedding]
    ggml_tensor *attn_q, *attn_q_bias;                  // [embedding, query], [query]
    ggml_tensor *attn_k, *attn_k_bias;                  // [embedding, keyValue], [keyValue]
    ggml_tensor *attn_v, *attn_v_bias;                  // [embedding, keyValue], [keyValue]
    ggml_tensor *attn_output, *attn_output_bias;        // [query, embedding], [embedding]
    ggml_tensor *attn_output_norm, *attn_output_norm_bias;
    ggml_tensor * ffn_norm;                             // [embedding]
    ggml_tensor * ffn_gate;                             // [embedding, feedForward]
    ggml_tensor *ffn_up, *ffn_up_bias;                  // [embedding, feedForward], [feedForward]
    ggml_tensor *ffn_down, *ffn_down_bias;              // [feedForward, embedding], [embedding]
    ggml_tensor *layer_output_norm, *layer_output_norm_bias;
};

/** The weights outside the blocks; those that the architecture lacks or marks optional may be null. */
struct GlobalTensors {
    ggml_tensor * token_embd;     // [embedding, vocabulary]
    ggml_tensor * token_types;    // [embedding, tokenTypes]
    ggml_tensor * position_embd;  // [embedding, positions]
    ggml_tensor *token_embd_norm, *token_embd_norm_bias;
    ggml_tensor * output_norm;    // [embedding]
    ggml_tensor *pooler, *pooler_bias;  // [embedding, embedding], [embedding]
    ggml_tensor *head, *head_bias;      // [embedding, output], [output]: the rows that decide, or a classifier's
    ggml_tensor * vocabulary_head;      // [embedding, vocabulary], where it is not token_embd
    ggml_tensor * rope_freqs;           // [ropeHalf]: factors that divide RoPE's frequencies
};

/** A length in a shape, computed from the model's numbers. */
enum class Size { embedding, query, key_value, feed_forward, vocabulary, output, positions, token_types, rope_half };

const char * name_of(Size size);
int64_t length_of(Size size, const Hyperparameters & numbers);

enum class Presence { required, optional, with_labels /* exactly where outputCount is above 0 */ };

/** A number under the name it has in JavaScript; one of the two places is set. */
struct NumberRow {
    const char * name;
    double max;  // sizes go from 1 to it, others lie between 0 and it
    int64_t Hyperparameters::* size;
    float Hyperparameters::* real;
    Presence presence = Presence::required;
};

struct TensorRow {
    const char * name;        // "{block}" stands for the block's number
    std::vector<Size> shape;  // row length first
    bool matrix;              // any weight type; otherwise F32 only
    Presence presence;
    ggml_tensor * GlobalTensors::* global;  // where the tensor goes: one of these two
    ggml_tensor * Block::* block;
};

enum class Norm { rms, layer };
enum class Position { rotary, learned };
/** Which tokens of its sequence a token sees. Only where it sees nothing behind it can sequences share a prefix. */
enum class Sight { before, all };

struct Recipe {
    Norm norm;
    bool norm_first;  // norms stand before what they feed, and the residual stream is not normalized
    Position position;
    Into inner;  // how the feed-forward's inside comes about
    Sight sight;
};

struct Builder;

struct Architecture {
    const char * name;
    std::vector<NumberRow> numbers;
    std::vector<TensorRow> tensors;
    Recipe recipe;
    /** Rules across numbers, each of which lies in its range; throws model_invalid. */
    void (*check)(const Hyperparameters & numbers);
    /** The blocks of the reference graph: from tokens to the last states, [embedding, tokens]. */
    ggml_tensor * (*build)(Builder & builder);
};

/** Throws model_invalid with the first number that is out of range. */
void check_hyperparameters(const Architecture & architecture, const Hyperparameters & numbers);

/** Throws model_invalid unless the rule holds. */
void check_rule(bool holds, const char * what);

}  // namespace qrag
