// PrefixCache: keys and values of the tokens that sequences begin with, kept from call to call.
#pragma once

#include <vector>

#include "../sequences.h"
#include "key_values.h"

namespace qrag {

/**
 * What several sequences of a call share is computed once; so is what a call shares with the one before, and the calls
 * after it find it here. A run that stops half-way leaves nothing behind that is not true.
 */
class PrefixCache {
  public:
    explicit PrefixCache(KeyValues keys) : keys_(std::move(keys)) {}

    /** Tokens from .. to are to be computed into keys() before the prefix is `to` tokens long; none when they are equal. */
    struct Missing {
        size_t from, to;
    };
    Missing expect(const Sequences & sequences);

    /** What expect() asked for was computed. */
    void complete(const Sequences & sequences, size_t length);

    KeyValues & keys() { return keys_; }

  private:
    KeyValues keys_;
    std::vector<int32_t> tokens_;    // whose keys and values are there
    std::vector<int32_t> previous_;  // the sequence before, in full
};

}  // namespace qrag
