// Normalizer: what happens to a text before it is cut.
#pragma once

#include <memory>

#include "unicode_forms.h"

namespace qrag {

/** As in native/tokenizer/flatten.ts. */
enum class Normalization : int32_t { nfc, nfd, lowercase, prepend, replace };

/** Texts longer than this are refused: positions in them are kept in 32 bits. */
constexpr size_t longest_text = size_t{1} << 30;

/** Throws input_invalid if `text` is longer than that. */
void check_length(std::string_view text);

class Normalizer {
  public:
    /** `texts` stays where it is as long as this lives. */
    Normalizer(const TokenizerDescription & description, const Texts & texts);

    bool does_nothing() const { return steps_.empty(); }
    std::string normalize(std::string_view text) const;

  private:
    struct Step {
        Normalization kind;
        std::string_view pattern, content;
    };

    std::vector<Step> steps_;
    CodePointMap lowercase_;
    std::unique_ptr<UnicodeForms> forms_;  // when a step needs them
};

}  // namespace qrag
