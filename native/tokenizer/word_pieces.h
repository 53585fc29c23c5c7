// WordPieces: the model of BERT's tokenizers, from a word to the longest tokens that it is made of.
#pragma once

#include "piece_cache.h"
#include "piece_encoder.h"
#include "trie.h"

namespace qrag {

class WordPieces : public PieceEncoder {
  public:
    /** `row`: the unknown token's id, the prefix of a word's later tokens, the most characters a word may have. */
    WordPieces(const int32_t * row, const TokenizerDescription & description, const Texts & texts);

    void encode(std::string_view word, Integers & ids) override;

  private:
    /** False if a part of the word is no token. */
    bool spell(std::string_view word, Integers & ids) const;

    int32_t unknown_;
    size_t max_characters_;
    Trie beginnings_, continuations_;  // the latter without their prefix
    PieceCache cache_;
};

}  // namespace qrag
