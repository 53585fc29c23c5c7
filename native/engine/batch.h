// Batch: token sequences packed end to end, the prefix they share first and only once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hyperparameters.h"

namespace qrag {

/**
 * Packed order: the shared prefix, then every sequence's own tokens. A token sees the prefix and the earlier tokens of
 * its own sequence, which is exactly what it would see alone.
 */
struct Batch {
    std::vector<int32_t> tokens;
    std::vector<int32_t> positions;
    std::vector<int32_t> last;    // for each sequence, where its last token lies
    std::vector<float> mask;      // [tokens, tokens], row = who looks: 0 where it sees, -infinity where it does not

    /** Packs sequence i = tokens[offsets[i]] .. tokens[offsets[i + 1] - 1]. The ids and lengths were checked before. */
    static Batch pack(const int32_t * tokens, const int32_t * offsets, size_t count);
};

/** Throws input_invalid unless offsets rise from 0 to `token_count` and every token and length suits the model. */
void check_sequences(const std::vector<int32_t> & tokens, const std::vector<int32_t> & offsets, const Hyperparameters & numbers);

}  // namespace qrag
