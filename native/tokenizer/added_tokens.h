// AddedTokens: finds the tokens that are taken out of a text before anything else looks at it.
#pragma once

#include "callback.h"
#include "unicode.h"

namespace qrag {

/** As in native/tokenizer/flatten.ts; a token with `normalized` is looked for in normalized text. */
enum AddedFlag : int32_t { single_word = 1, lstrip = 2, rstrip = 4, normalized = 8 };

struct AddedToken {
    std::string_view text;  // not empty
    int32_t id;
    int32_t flags;
};

class AddedTokens {
  public:
    /** A token found (its id), or text between two (id -1); `at_start`: that text begins where the input does. */
    using Segment = Callback<int32_t, std::string_view, bool>;

    /** The texts stay where they are as long as this lives. */
    explicit AddedTokens(std::vector<AddedToken> tokens);

    /** Cuts a text at the leftmost, and of those the longest, tokens. */
    void split(std::string_view text, bool at_start, const CodePointTable & classes, const Segment & segment) const;

  private:
    const AddedToken * longest_at(std::string_view text, size_t at) const;

    std::vector<AddedToken> tokens_;       // in the order of their texts
    std::array<bool, 256> begins_token_;   // whether a token begins with this byte
};

}  // namespace qrag
