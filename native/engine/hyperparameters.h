// Hyperparameters: the sizes of a model, as its file gives them. An architecture says which it has and their ranges.
#pragma once

#include <cstdint>

namespace qrag {

/** Those that an architecture does not have are 0. */
struct Hyperparameters {
    int64_t context_length;
    int64_t embedding_length;
    int64_t block_count;
    int64_t feed_forward_length;
    int64_t head_count;
    int64_t head_count_kv;
    int64_t key_length;            // width of one head
    int64_t rope_dimension_count;  // how many dimensions of a head RoPE rotates
    int64_t vocabulary_size;
    int64_t output_count;          // rows of cls.output.weight: 0 for a model that gives vectors
    int64_t token_type_count;
    float norm_epsilon;
    float rope_freq_base;
};

}  // namespace qrag
