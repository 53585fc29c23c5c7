// BytePairs: the model of a tokenizer, from a piece of text to ids.
#pragma once

#include <array>

#include "merges.h"
#include "vocabulary.h"

namespace qrag {

class BytePairs {
  public:
    /** `texts` and `vocabulary` stay where they are as long as this lives. */
    BytePairs(const TokenizerDescription & description, const Texts & texts, const Vocabulary & vocabulary);

    /** Appends the ids of one piece, which is not empty. */
    void encode(std::string_view piece, Integers & ids);

  private:
    /** A short piece seen before, in one line of the processor's cache. */
    struct alignas(64) Known {
        uint8_t length = 0;  // 0: none
        uint8_t count = 0;
        char piece[30];
        int32_t ids[8];
    };

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
    Hash hash_;
    std::vector<Known> known_;
};

}  // namespace qrag
