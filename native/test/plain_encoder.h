// The encoder once more in plain loops and doubles: what the engine is compared with, and the small models to do it on.
#pragma once

#include "plain_model.h"

namespace qrag::test {

struct PlainEncoder : PlainModel {
    /** A classifier's rows on the pooled first token, or what they have to say where the exit, if there is one, is taken. */
    std::vector<double> classify(const std::vector<int32_t> & tokens, size_t second, const EarlyExit * exit = nullptr) const;

    /** What an exit guesses. */
    double guess(const std::vector<int32_t> & tokens, size_t second, const EarlyExit & exit) const;

    /** The states of all tokens, pooled. */
    std::vector<double> pooled(const std::vector<int32_t> & tokens, size_t second, Pooling pooling) const;

  private:
    std::vector<State> states(const std::vector<int32_t> & tokens, size_t second, int64_t blocks) const;
};

/** After the model's first block, with random weights; `below` lies where the widest gap among the middle guesses is. */
EarlyExit make_exit(const PlainEncoder & model, const std::vector<std::vector<int32_t>> & sequences,
                    const std::vector<size_t> & seconds, unsigned seed);

/** With so many labels, or for vectors with none. `whole_groups`: rows of multiples of 32, as 4-bit types ask for. */
PlainEncoder make_encoder(int64_t labels, unsigned seed, bool whole_groups = false);

}  // namespace qrag::test
