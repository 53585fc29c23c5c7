// Batch: sequences as the reference graph takes them: end to end, what they share first and only once, and who sees whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sequences.h"

namespace qrag {

/**
 * With Sight::before the packed order is the prefix that all share, then every sequence's own tokens; a token sees the
 * prefix and the earlier tokens of its own sequence, exactly what it would see alone. With Sight::all nothing is shared.
 */
struct Batch {
    std::vector<int32_t> tokens;
    std::vector<int32_t> positions;
    std::vector<int32_t> types;
    std::vector<int32_t> first, last;  // for each sequence, where its own tokens begin and where its last one lies
    std::vector<float> mask;           // [tokens, tokens], row = who looks: 0 where it sees, -infinity where it does not

    /** The sequences were checked before. */
    static Batch pack(const Sequences & sequences, Sight sight);
};

}  // namespace qrag
