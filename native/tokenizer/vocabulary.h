// Vocabulary: from a token's text to its id and back.
#pragma once

#include "description.h"
#include "hash.h"

namespace qrag {

class Vocabulary {
  public:
    /** `texts` stays where it is as long as this lives; token n is text n. */
    Vocabulary(const Texts & texts, Integers ids);

    /** The id of a token, or -1. */
    int32_t find(std::string_view text) const;

    /** The number of the text of a token, or -1. */
    int32_t text_of(int32_t id) const;

  private:
    /** The slot that holds `text`, or the empty one where it belongs. */
    size_t slot_of(std::string_view text) const;

    const Texts & texts_;
    Integers ids_;  // ascending
    Hash hash_;
    int shift_;
    Integers slots_;  // the number of a token, or -1
};

}  // namespace qrag
