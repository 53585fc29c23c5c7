// The steps of a normalizer.
#include "normalizer.h"

namespace qrag {

namespace {

std::string replaced(std::string_view text, std::string_view pattern, std::string_view content) {
    std::string result;
    size_t done = 0;
    for (size_t at = text.find(pattern); at != std::string_view::npos; at = text.find(pattern, done)) {
        result.append(text.substr(done, at - done)).append(content);
        done = at + pattern.size();
    }
    return result.append(text.substr(done));
}

std::string lowercased(std::string_view text, const CodePointMap & map) {
    std::string result;
    result.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const auto byte = static_cast<uint8_t>(text[at]);
        if (byte < 0x80) {  // ASCII needs no table
            result.push_back(static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte));
            at++;
            continue;
        }
        const Character character = character_at(text, at);
        const auto small = map[character.code];
        if (small.empty()) append(result, character.code);
        for (const char32_t code : small) append(result, code);
        at += character.size;
    }
    return result;
}

}  // namespace

void check_length(std::string_view text) {
    if (text.size() <= longest_text) return;
    throw Error(Code::input_invalid, "a text of " + std::to_string(text.size()) + " bytes is too long to be encoded");
}

Normalizer::Normalizer(const TokenizerDescription & description, const Texts & texts)
    : lowercase_(description.lowercase, "lowercase") {
    const Table rows(description.normalizer, 3, "the normalizer");
    for (size_t i = 0; i < rows.size(); i++) {
        const auto last = static_cast<int32_t>(Normalization::replace);
        const int32_t kind = checked(rows[i][0], 0, last, "a normalizer's kind");
        steps_.push_back({static_cast<Normalization>(kind), texts.named(rows[i][1]), texts.named(rows[i][2])});
        const Step & step = steps_.back();
        const bool replaces = step.kind == Normalization::replace;
        if (replaces && step.pattern.empty()) throw bad_description("nothing is to be replaced");
        const bool unicode = step.kind == Normalization::nfc || step.kind == Normalization::nfd;
        if (unicode && !forms_) forms_ = std::make_unique<UnicodeForms>(description);
    }
}

std::string Normalizer::normalize(std::string_view text) const {
    std::string result(text);
    for (const Step & step : steps_) {
        switch (step.kind) {
            case Normalization::nfc: result = forms_->normalize(result, true); break;
            case Normalization::nfd: result = forms_->normalize(result, false); break;
            case Normalization::lowercase: result = lowercased(result, lowercase_); break;
            case Normalization::prepend:
                if (!result.empty()) result.insert(0, step.content);
                break;
            case Normalization::replace: result = replaced(result, step.pattern, step.content); break;
        }
        check_length(result);
    }
    return result;
}

}  // namespace qrag
