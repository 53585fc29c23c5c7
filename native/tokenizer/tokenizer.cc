// The whole way: added tokens, normalizer, those again, pre-tokenizer, byte pairs.
#include "tokenizer.h"

#include <algorithm>
#include <utility>

namespace qrag {

namespace {

std::vector<AddedToken> read_added(const Integers & numbers, const Texts & texts) {
    const Table rows(numbers, 3, "added tokens");
    std::vector<AddedToken> tokens;
    for (size_t i = 0; i < rows.size(); i++) {
        tokens.push_back({texts.named(rows[i][0]), checked_id(rows[i][1]), rows[i][2]});
    }
    return tokens;
}

}  // namespace

Tokenizer::Tokenizer(TokenizerDescription description)
    : texts_(std::move(description.texts), std::move(description.ends)),
      classes_(description.classes, "classes"),
      vocabulary_(texts_, std::move(description.ids)),
      added_(read_added(description.added, texts_)),
      raw_(added(false)),
      normalized_(added(true)),
      normalizer_(description, texts_),
      pre_tokenizer_(description, texts_, classes_),
      byte_pairs_(description, texts_, vocabulary_),
      before_(std::move(description.before)),
      after_(std::move(description.after)) {
    for (const Integers * ids : {&before_, &after_}) {
        for (const int32_t id : *ids) checked_id(id);
    }
}

std::vector<AddedToken> Tokenizer::added(bool in_normalized_text) const {
    std::vector<AddedToken> tokens;
    std::copy_if(added_.begin(), added_.end(), std::back_inserter(tokens), [&](const AddedToken & token) {
        return !token.text.empty() && ((token.flags & normalized) != 0) == in_normalized_text;
    });
    return tokens;
}

void Tokenizer::encode(std::string_view text, Integers & ids) {
    check_length(text);
    const auto encode_piece = [&](std::string_view piece) { byte_pairs_.encode(piece, ids); };
    const auto take_normalized = [&](int32_t id, std::string_view part, bool at_start) {
        if (id >= 0) ids.push_back(id);
        else pre_tokenizer_.cut(part, at_start, encode_piece);
    };
    const auto take_raw = [&](int32_t id, std::string_view part, bool at_start) {
        if (id >= 0) {
            ids.push_back(id);
        } else if (normalizer_.does_nothing()) {
            normalized_.split(part, at_start, classes_, take_normalized);
        } else {
            normalized_.split(normalizer_.normalize(part), at_start, classes_, take_normalized);
        }
    };
    ids.insert(ids.end(), before_.begin(), before_.end());
    raw_.split(text, true, classes_, take_raw);
    ids.insert(ids.end(), after_.begin(), after_.end());
}

std::optional<std::string_view> Tokenizer::token(int32_t id) const {
    for (const AddedToken & token : added_) {
        if (token.id == id) return token.text;
    }
    const int32_t text = vocabulary_.text_of(id);
    if (text < 0) return std::nullopt;
    return texts_.at(static_cast<size_t>(text));
}

}  // namespace qrag
