// The steps of a normalizer.
#include "normalizer.h"

#include <algorithm>

namespace qrag {

namespace {

std::string replaced(std::string_view text, std::string_view pattern, std::string_view content) {
    std::string result;
    size_t done = 0;
    for (size_t at = text.find(pattern); at != std::string_view::npos; at = text.find(pattern, done)) {
        result.append(text.substr(done, at - done)).append(content);
        check_length(result);
        done = at + pattern.size();
    }
    return result.append(text.substr(done));
}

}  // namespace

void check_length(std::string_view text) {
    if (text.size() <= max_text) return;
    throw Error(Code::input_invalid, "a text of " + std::to_string(text.size()) + " bytes is too long to be encoded");
}

/** Behind the kind: Prepend the text, Replace pattern and content, BertNormalizer its four flags. */
Normalizer::Normalizer(const TokenizerDescription & description, const Texts & texts)
    : lowercase_(description.lowercase, "lowercase") {
    const Table rows(description.normalizer, 5, "the normalizer");
    for (size_t i = 0; i < rows.size(); i++) {
        const int32_t * row = rows[i];
        const auto kind = checked_name<Normalization>(texts, row[0], normalization_names, "a normalizer's kind");
        Step step{kind, {}, {}, {}};
        if (kind == Normalization::prepend) step.content = texts.named(row[1]);
        if (kind == Normalization::replace) {
            step.pattern = texts.named(row[1]);
            step.content = texts.named(row[2]);
            if (step.pattern.empty()) throw bad_description("nothing is to be replaced");
        }
        const bool forms = kind <= Normalization::nfkd || kind == Normalization::bert;
        if (forms && !forms_) forms_ = std::make_unique<UnicodeForms>(description);
        if (kind == Normalization::bert) step.bert.emplace_back(row + 1, description, texts, *forms_, lowercase_);
        steps_.push_back(std::move(step));
    }
}

std::string Normalizer::normalize(std::string_view text, bool continued) const {
    std::string result(text);
    for (const Step & step : steps_) {
        switch (step.kind) {
            case Normalization::nfc: result = forms_->normalize(result, {true, false}); break;
            case Normalization::nfd: result = forms_->normalize(result, {false, false}); break;
            case Normalization::nfkc: result = forms_->normalize(result, {true, true}); break;
            case Normalization::nfkd: result = forms_->normalize(result, {false, true}); break;
            case Normalization::lowercase: result = lowercased(result, lowercase_); break;
            case Normalization::prepend:
                if (!result.empty() && !continued) result.insert(0, step.content);
                break;
            case Normalization::replace: result = replaced(result, step.pattern, step.content); break;
            case Normalization::bert: result = step.bert[0].normalize(result); break;
        }
        check_length(result);
    }
    return result;
}

bool Normalizer::splits_before_spaces() const {
    // No other step looks across a space: it joins with nothing before it, and nothing becomes of it.
    return std::all_of(steps_.begin(), steps_.end(),
                       [](const Step & step) { return step.pattern.find(' ') == std::string_view::npos; });
}

}  // namespace qrag
