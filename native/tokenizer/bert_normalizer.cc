// The steps of BertNormalizer in the Rust library's order, in two passes over the text; ASCII needs one.
#include "bert_normalizer.h"

namespace qrag {

namespace {

constexpr char dropped = '\x80';  // no ASCII character

char small_letter(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte; }

bool is_ascii(char byte) { return static_cast<uint8_t>(byte) < 0x80; }

void append_lowercased(std::string & text, char32_t code, const CodePointMap & map) {
    const auto small = map[code];
    if (small.empty()) append(text, code);
    for (const char32_t each : small) append(text, each);
}

}  // namespace

std::string lowercased(std::string_view text, const CodePointMap & map) {
    std::string result;
    result.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        if (is_ascii(text[at])) {
            result.push_back(small_letter(text[at++]));
            continue;
        }
        const Character character = character_at(text, at);
        append_lowercased(result, character.code, map);
        at += character.size;
    }
    return result;
}

BertNormalizer::BertNormalizer(const int32_t * flags, const TokenizerDescription & description, const Texts & texts,
                               const UnicodeForms & forms, const CodePointMap & lowercase)
    : clean_(checked_flag(flags[0])),
      chinese_(checked_flag(flags[1])),
      strip_(checked_flag(flags[2])),
      lower_(checked_flag(flags[3])),
      classes_(ranges_of_bits(description.bert_classes, texts, bert_class_names), "BERT's classes"),
      ascii_{},
      forms_(forms),
      lowercase_(lowercase) {
    for (size_t code = 0; code < ascii_.size(); code++) {
        const auto byte = static_cast<char>(code);
        const uint8_t classes = clean_ ? classes_[static_cast<char32_t>(code)] : 0;
        if (classes & bert_control) ascii_[code] = dropped;
        else if (classes & bert_space) ascii_[code] = ' ';
        else ascii_[code] = lower_ ? small_letter(byte) : byte;
    }
}

std::string BertNormalizer::normalize(std::string_view text) const {
    std::string result;
    result.reserve(text.size() + text.size() / 8);
    bool ascii = true;
    for (size_t at = 0; at < text.size();) {
        if (is_ascii(text[at])) {
            const char byte = ascii_[static_cast<uint8_t>(text[at++])];
            if (byte != dropped) result.push_back(byte);
            continue;
        }
        const Character character = character_at(text, at);
        at += character.size;
        const uint8_t classes = classes_[character.code];
        if (clean_ && (classes & bert_control)) continue;
        if (clean_ && (classes & bert_space)) {
            result.push_back(' ');
            continue;
        }
        ascii = false;
        const bool apart = chinese_ && (classes & bert_chinese);
        if (apart) result.push_back(' ');
        append(result, character.code);
        if (apart) result.push_back(' ');
    }
    if (ascii || (!strip_ && !lower_)) return result;
    if (!strip_) return lowercased(result, lowercase_);
    const std::string apart = forms_.normalize(result, {/*composed=*/false, /*compatible=*/false});
    result.clear();
    for (size_t at = 0; at < apart.size();) {
        if (is_ascii(apart[at])) {
            result.push_back(lower_ ? small_letter(apart[at]) : apart[at]);  // a decomposition may begin with a capital
            at++;
            continue;
        }
        const Character character = character_at(apart, at);
        at += character.size;
        if (classes_[character.code] & bert_accent) continue;
        if (lower_) append_lowercased(result, character.code, lowercase_);
        else append(result, character.code);
    }
    return result;
}

}  // namespace qrag
