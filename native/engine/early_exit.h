// EarlyExit: a row behind one of an encoder's blocks that guesses the margin, so that plain cases need no further blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hyperparameters.h"

namespace qrag {

struct EarlyExit {
    int64_t block;              // how many blocks have been computed by then
    float below;                // a margin below this is taken as it is guessed
    std::vector<float> weight;  // [embedding], of the first token's state
    float bias;

    /** Throws model_invalid unless a model of these numbers, whose tokens all see each other, can have it. */
    void check(const Hyperparameters & numbers) const;

    float margin(const float * state) const;

    /** What a classifier's rows would have to say for this margin. */
    static void write(float margin, float * out, size_t rows);
};

/** The step of the reference graph that holds the states it reads, [embedding, tokens]. */
std::string step_before(const EarlyExit & exit);

}  // namespace qrag
