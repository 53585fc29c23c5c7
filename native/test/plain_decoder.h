// The decoder once more in plain loops and doubles: what the engine is compared with, and the small models to do it on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "../engine/engine.h"

namespace qrag::test {

/** A model with random weights: every tensor as floats, row after row. */
struct PlainModel {
    Hyperparameters numbers;
    std::map<std::string, std::vector<float>> tensors;

    /** The decision rows' logits at the last token. */
    std::vector<double> decide(const std::vector<int32_t> & tokens) const;

    /** The whole head's logits at every token. */
    std::vector<std::vector<double>> logits(const std::vector<int32_t> & tokens) const;

    /** F32 tensors as an engine wants them announced. */
    std::vector<TensorSpec> specs() const;

    /** Writes every tensor of `specs()` into the engine. */
    void fill(Engine & engine) const;

  private:
    std::vector<std::vector<double>> last_states(const std::vector<int32_t> & tokens) const;
};

/**
 * 8 to 64 wide, with grouped heads; `optional` adds an untied head and RoPE factors and rotations only part of a head;
 * `whole_groups` makes rows of multiples of 32, which 4-bit types ask for.
 */
PlainModel make_plain_model(bool optional, unsigned seed, bool whole_groups = false);

}  // namespace qrag::test
