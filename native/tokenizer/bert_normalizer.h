// BertNormalizer: cleans a text, sets Chinese characters apart, takes accents off, makes small letters.
#pragma once

#include <memory>

#include "unicode_forms.h"

namespace qrag {

/** What the normalizer does with a character, a bit each. */
enum BertClass : uint8_t { bert_space = 1, bert_control = 2, bert_chinese = 4, bert_accent = 8 };

constexpr const char * bert_class_names[] = {"space", "control", "chinese", "accent"};

class BertNormalizer {
  public:
    /** `flags`: clean text, Chinese characters, strip accents, lowercase. Forms and letters outlive this. */
    BertNormalizer(const int32_t * flags, const TokenizerDescription & description, const Texts & texts,
                   const UnicodeForms & forms, const CodePointMap & lowercase);

    std::string normalize(std::string_view text) const;

  private:
    bool clean_, chinese_, strip_, lower_;
    CodePointTable classes_;
    std::array<char, 128> ascii_;  // what each becomes, `dropped` for nothing
    const UnicodeForms & forms_;
    const CodePointMap & lowercase_;
};

/** `text` with the small letters of `map` and of ASCII. */
std::string lowercased(std::string_view text, const CodePointMap & map);

}  // namespace qrag
