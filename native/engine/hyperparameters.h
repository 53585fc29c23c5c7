// Hyperparameters: the sizes of a model, as its file gives them, and the ranges they must lie in.
#pragma once

#include <cstdint>

namespace qrag {

struct Hyperparameters {
    int64_t context_length;
    int64_t embedding_length;
    int64_t block_count;
    int64_t feed_forward_length;
    int64_t head_count;
    int64_t head_count_kv;
    int64_t key_length;            // width of one head
    int64_t rope_dimension_count;  // how many dimensions of a head RoPE rotations
    int64_t vocabulary_size;
    int64_t decision_count;        // rows of cls.output.weight
    float norm_epsilon;
    float rope_freq_base;

    /** Throws model_invalid with the first number that is out of range. */
    void check() const;
};

}  // namespace qrag
