// Tokenizer: text to token ids, exactly as Hugging Face's tokenizers does with the same tokenizer.json.
#pragma once

#include <optional>

#include "added_tokens.h"
#include "normalizer.h"
#include "piece_encoder.h"
#include "pre_tokenizer.h"

namespace qrag {

/** Used by one thread at a time: it remembers pieces, and has room of its own to work in. */
class Tokenizer {
  public:
    /** A text that others begin with, as far as it has its ids whatever follows. */
    struct Head {
        Integers ids;
        size_t size = 0;  // the bytes that `ids` stand for
    };

    explicit Tokenizer(TokenizerDescription description);
    Tokenizer(const Tokenizer &) = delete;
    Tokenizer & operator=(const Tokenizer &) = delete;

    /** Appends the ids of a text in UTF-8, with those that stand around every text. */
    void encode(std::string_view text, Integers & ids) { encode_after({}, text, ids); }

    /**
     * Looks for the last space in `text` where it can be cut: behind another character, in no added token's way, and
     * with a normalizer and a pre-tokenizer that never look across such a place. Without one the head is empty.
     */
    Head begin(std::string_view text);

    /** As encode, for a text that begins with `head`: `rest` is what follows its first head.size bytes. */
    void encode_after(const Head & head, std::string_view rest, Integers & ids);

    /** Appends the ids of a text and nothing around them. */
    void encode_bare(std::string_view text, Integers & ids) { encode_text(text, false, ids); }

    /** Whether the file says what stands around the two texts of a pair. */
    bool frames_pairs() const { return !pair_.empty(); }

    /**
     * Appends the ids of a pair, of which `first` are the bare ids of one text. Returns how many of them are of the
     * first token type.
     */
    size_t encode_pair(const Integers & first, std::string_view second, Integers & ids);

    /** The text of a token, or nothing for an id that no token has. */
    std::optional<std::string_view> token(int32_t id) const;

  private:
    AddedTokens read_added(const Integers & numbers, bool in_normalized_text);

    /** `continued`: the text goes on behind another, whose ids were appended before. */
    void encode_text(std::string_view text, bool continued, Integers & ids);

    /** Appends the ids of `text`, if they are the same whatever follows the space behind it. */
    bool settles(std::string_view text, Integers & ids);

    Texts texts_;
    CodePointTable classes_;
    Vocabulary vocabulary_;
    Normalizer normalizer_;
    std::vector<std::pair<int32_t, std::string>> added_;  // ids and texts, as they are looked for
    AddedTokens raw_, normalized_;
    PreTokenizer pre_tokenizer_;
    std::unique_ptr<PieceEncoder> model_;
    Integers before_, after_;
    Integers pair_, pair_before_, pair_between_, pair_after_;
    bool cuts_before_spaces_;
    std::string last_part_;  // what encode_text has cut last, normalized
};

}  // namespace qrag
