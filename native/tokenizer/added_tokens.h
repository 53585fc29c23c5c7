// AddedTokens: finds the tokens that are taken out of a text before anything else looks at it.
#pragma once

#include "callback.h"
#include "unicode.h"

namespace qrag {

struct AddedToken {
    std::string text;  // not empty
    int32_t id;
    bool single_word, lstrip, rstrip;
};

class AddedTokens {
  public:
    /** A token found (its id), or text between two (id -1); `at_start`: that text begins where the input does. */
    using Segment = Callback<int32_t, std::string_view, bool>;

    explicit AddedTokens(std::vector<AddedToken> tokens);

    /** Cuts a text at the leftmost, and of those the longest, tokens. */
    void split(std::string_view text, bool at_start, const CodePointTable & classes, const Segment & segment) const;

    /** Whether a token may end where `text` ends, or go on into a space behind it. */
    bool may_reach_beyond(std::string_view text) const;

  private:
    const AddedToken * longest_at(std::string_view text, size_t at) const;

    std::vector<AddedToken> tokens_;       // in the order of their texts
    std::array<bool, 256> begins_token_;   // whether a token begins with this byte
};

}  // namespace qrag
