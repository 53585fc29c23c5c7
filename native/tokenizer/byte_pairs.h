// BytePairs: byte-pair encoding, from a piece of text to ids.
#pragma once

#include <array>

#include "merges.h"
#include "piece_cache.h"
#include "piece_encoder.h"

namespace qrag {

class BytePairs : public PieceEncoder {
  public:
    /**
     * `row`: the unknown token's id (or -1 for none, -2 for one that the vocabulary lacks), whether unknown neighbours
     * are one token, whether a piece that is a token is not merged, and the texts around a character's token: before
     * all but the first of a piece, and behind the last.
     */
    BytePairs(const int32_t * row, const TokenizerDescription & description, const Texts & texts,
              const Vocabulary & vocabulary);

    void encode(std::string_view piece, Integers & ids) override;

  private:
    /** Appends the ids of a piece's characters, before any merging. */
    void spell(std::string_view piece, Integers & ids);
    int32_t character_id(std::string_view character, bool first, bool last);
    bool spell_bytes(std::string_view text, Integers & ids) const;

    const Vocabulary & vocabulary_;
    Merges merges_;
    int32_t unknown_;
    bool fuse_, ignore_merges_;
    std::string_view prefix_, suffix_;
    Integers byte_tokens_;
    std::array<int32_t, 0x800> short_ids_;  // of characters of up to two bytes, prefix and suffix apart
    std::string spelling_;                  // of the character at hand, with prefix and suffix
    PieceCache cache_;
};

}  // namespace qrag
