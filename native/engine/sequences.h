// Sequences: what a call hands over, end to end: tokens, where each sequence begins, and where its second text does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "architectures/architecture.h"

namespace qrag {

struct Sequences {
    std::vector<int32_t> tokens;
    std::vector<int32_t> offsets;  // sequence i = tokens[offsets[i]] .. tokens[offsets[i + 1] - 1]
    std::vector<int32_t> seconds;  // for each, where token type 1 begins, counted in the sequence; empty: nowhere

    size_t count() const { return offsets.size() - 1; }
    const int32_t * at(size_t i) const { return tokens.data() + offsets[i]; }
    size_t length(size_t i) const { return static_cast<size_t>(offsets[i + 1] - offsets[i]); }
    size_t second(size_t i) const { return seconds.empty() ? length(i) : static_cast<size_t>(seconds[i]); }

    /** Throws input_invalid unless offsets rise from 0 to the number of tokens, and all suits the model. */
    void check(const Hyperparameters & numbers) const;
};

}  // namespace qrag
