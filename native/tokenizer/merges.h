// Merges: which two neighbouring tokens become one, and which of them first.
#pragma once

#include "description.h"
#include "hash.h"

namespace qrag {

class Merges {
  public:
    explicit Merges(const Integers & merges);

    /** Joins neighbours from ids[first] on: the pair of the lowest rank, the leftmost first, until none is left. */
    void apply(Integers & ids, size_t first);

  private:
    struct Symbol {
        int32_t id;  // -1 when it has been joined to the one on its left
        int32_t previous, next;
    };

    /** The rank of a pair, or -1. */
    int32_t rank_of(int32_t left, int32_t right) const;
    void offer(int32_t left, int32_t right);

    Hash hash_;
    int shift_;
    std::vector<uint64_t> slots_;  // left id, right id (20 bits each), rank + 1 (24 bits); 0: empty
    Integers joined_;             // by rank
    std::vector<Symbol> symbols_;  // of the piece at hand
    std::vector<uint64_t> queue_;  // a heap of rank, then position: the smallest on top
};

}  // namespace qrag
