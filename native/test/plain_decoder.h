// The decoder once more in plain loops and doubles: what the engine is compared with, and the small models to do it on.
#pragma once

#include "plain_model.h"

namespace qrag::test {

struct PlainDecoder : PlainModel {
    /** The decision rows' logits at the last token. */
    std::vector<double> decide(const std::vector<int32_t> & tokens) const;

    /** The whole head's logits at every token. */
    std::vector<std::vector<double>> logits(const std::vector<int32_t> & tokens) const;

  private:
    std::vector<State> last_states(const std::vector<int32_t> & tokens) const;
};

/**
 * With grouped heads; `optional` adds an untied head and RoPE factors and rotates only part of a head; `whole_groups`
 * makes rows of multiples of 32, which 4-bit types ask for.
 */
PlainDecoder make_decoder(bool optional, unsigned seed, bool whole_groups = false);

}  // namespace qrag::test
