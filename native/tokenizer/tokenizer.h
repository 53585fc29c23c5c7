// Tokenizer: text to token ids, exactly as Hugging Face's tokenizers does with the same tokenizer.json.
#pragma once

#include <optional>

#include "added_tokens.h"
#include "byte_pairs.h"
#include "normalizer.h"
#include "pre_tokenizer.h"

namespace qrag {

/** Used by one thread at a time: it remembers pieces, and has room of its own to work in. */
class Tokenizer {
  public:
    explicit Tokenizer(TokenizerDescription description);
    Tokenizer(const Tokenizer &) = delete;
    Tokenizer & operator=(const Tokenizer &) = delete;

    /** Appends the ids of a text in UTF-8, with those that stand around every text. */
    void encode(std::string_view text, Integers & ids);

    /** The text of a token, or nothing for an id that no token has. */
    std::optional<std::string_view> token(int32_t id) const;

  private:
    /** The added tokens with, or without, the flag `normalized`. */
    std::vector<AddedToken> added(bool in_normalized_text) const;

    Texts texts_;
    CodePointTable classes_;
    Vocabulary vocabulary_;
    std::vector<AddedToken> added_;
    AddedTokens raw_, normalized_;
    Normalizer normalizer_;
    PreTokenizer pre_tokenizer_;
    BytePairs byte_pairs_;
    Integers before_, after_;
};

}  // namespace qrag
