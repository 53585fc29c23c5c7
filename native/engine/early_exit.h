// EarlyExit: a row after some of an encoder's blocks that guesses the margin, so that clear cases need no further blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "architectures/architecture.h"

namespace qrag {

struct EarlyExit {
    int64_t blocks;             // how many have been computed by then
    float below;                // a margin below this is taken as it is guessed
    std::vector<float> weight;  // [embedding], of the first token's state
    float bias;

    /** Throws model_invalid unless such a model can have it. */
    void check(const Recipe & recipe, const Hyperparameters & numbers) const;

    float margin(const float * state) const;

    /** What a classifier's rows would have to say for this margin. */
    static void write(float margin, float * out, size_t rows);
};

}  // namespace qrag
