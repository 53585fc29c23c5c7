// Normalizer: what happens to a text before it is cut.
#pragma once

#include "bert_normalizer.h"

namespace qrag {

enum class Normalization : int32_t { nfc, nfd, nfkc, nfkd, lowercase, prepend, replace, bert };

constexpr const char * normalization_names[] = {"NFC",       "NFD",     "NFKC",    "NFKD",
                                                "Lowercase", "Prepend", "Replace", "BertNormalizer"};

/** Texts longer than this are refused: positions in them are kept in 32 bits. */
constexpr size_t max_text = size_t{1} << 30;

/** Throws input_invalid if `text` is longer than that. */
void check_length(std::string_view text);

class Normalizer {
  public:
    /** `texts` stays where it is as long as this lives. */
    Normalizer(const TokenizerDescription & description, const Texts & texts);

    bool does_nothing() const { return steps_.empty(); }

    /** `continued`: text before `text` was normalized by itself, so nothing is put between the two. */
    std::string normalize(std::string_view text, bool continued = false) const;

    /** Whether a text may be normalized in two parts, the second of which begins with a space, and keeps it. */
    bool splits_before_spaces() const;

  private:
    struct Step {
        Normalization kind;
        std::string_view pattern, content;
        std::vector<BertNormalizer> bert;  // one, or none
    };

    CodePointMap lowercase_;
    std::unique_ptr<UnicodeForms> forms_;  // when a step needs them
    std::vector<Step> steps_;
};

}  // namespace qrag
