// The whole way: added tokens, normalizer, those again, pre-tokenizer, model.
#include "tokenizer.h"

#include <algorithm>
#include <utility>

namespace qrag {

namespace {

/** Each try to find where a head is settled encodes it; real texts need one. */
constexpr int max_tries = 3;

Integers checked_ids(Integers ids) {
    std::for_each(ids.begin(), ids.end(), checked_id);
    return ids;
}

void append(Integers & ids, const Integers & more) { ids.insert(ids.end(), more.begin(), more.end()); }

bool ends_with_space(std::string_view text, const CodePointTable & classes) {
    return (classes[character_before(text, text.size()).code] & space) != 0;
}

}  // namespace

Tokenizer::Tokenizer(TokenizerDescription description)
    : texts_(std::move(description.texts), std::move(description.ends)),
      classes_(ranges_of_bits(description.classes, texts_, class_names), "classes"),
      vocabulary_(texts_, description.ids),
      normalizer_(description, texts_),
      raw_(read_added(description.added, false)),
      normalized_(read_added(description.added, true)),
      pre_tokenizer_(description, texts_, classes_),
      model_(make_piece_encoder(description, texts_, vocabulary_)),
      before_(checked_ids(std::move(description.before))),
      after_(checked_ids(std::move(description.after))),
      pair_(std::move(description.pair)),
      pair_before_(checked_ids(std::move(description.pair_before))),
      pair_between_(checked_ids(std::move(description.pair_between))),
      pair_after_(checked_ids(std::move(description.pair_after))),
      cuts_before_spaces_(normalizer_.splits_before_spaces() && pre_tokenizer_.cuts_before_spaces()) {
    const auto between = static_cast<int32_t>(std::min<size_t>(pair_between_.size(), INT32_MAX));
    for (const int32_t number : pair_) checked(number, -1, between, "where the second token type begins");
}

AddedTokens Tokenizer::read_added(const Integers & numbers, bool in_normalized_text) {
    const Table rows(numbers, 6, "added tokens");
    std::vector<AddedToken> tokens;
    for (size_t i = 0; i < rows.size(); i++) {
        const int32_t * row = rows[i];
        if (checked_flag(row[5]) != in_normalized_text) continue;
        const std::string_view text = texts_.named(row[0]);
        AddedToken token{in_normalized_text ? normalizer_.normalize(text) : std::string(text), checked_id(row[1]),
                         checked_flag(row[2]), checked_flag(row[3]), checked_flag(row[4])};
        added_.emplace_back(token.id, token.text);
        if (!token.text.empty()) tokens.push_back(std::move(token));  // else it is never found
    }
    return AddedTokens(std::move(tokens));
}

void Tokenizer::encode_text(std::string_view text, bool continued, Integers & ids) {
    check_length(text);
    const auto encode_piece = [&](std::string_view piece) { model_->encode(piece, ids); };
    const auto take_normalized = [&](int32_t id, std::string_view part, bool at_start) {
        if (id >= 0) ids.push_back(id);
        else pre_tokenizer_.cut(part, at_start, encode_piece);
    };
    const auto take_raw = [&](int32_t id, std::string_view part, bool first) {
        if (id >= 0) {
            ids.push_back(id);
            return;
        }
        if (normalizer_.does_nothing()) last_part_.assign(part);
        else last_part_ = normalizer_.normalize(part, first && continued);
        normalized_.split(last_part_, first && !continued, classes_, take_normalized);
    };
    raw_.split(text, true, classes_, take_raw);
}

void Tokenizer::encode_after(const Head & head, std::string_view rest, Integers & ids) {
    append(ids, before_);
    append(ids, head.ids);
    encode_text(rest, head.size > 0, ids);
    append(ids, after_);
}

Tokenizer::Head Tokenizer::begin(std::string_view text) {
    Head head;
    int tries = cuts_before_spaces_ ? 0 : max_tries;
    for (size_t at = text.rfind(' '); at != std::string_view::npos && at > 0 && tries < max_tries;
         at = text.rfind(' ', at - 1)) {
        const std::string_view settled = text.substr(0, at);
        if (ends_with_space(settled, classes_) || raw_.may_reach_beyond(settled)) continue;
        if (settles(settled, head.ids)) {
            head.size = at;
            return head;
        }
        head.ids.clear();
        tries++;
    }
    return head;
}

bool Tokenizer::settles(std::string_view text, Integers & ids) {
    last_part_.clear();
    encode_text(text, false, ids);
    return !last_part_.empty() && !ends_with_space(last_part_, classes_) && !normalized_.may_reach_beyond(last_part_);
}

size_t Tokenizer::encode_pair(const Integers & first, std::string_view second, Integers & ids) {
    const size_t begin = ids.size();
    append(ids, pair_before_);
    append(ids, first);
    const size_t between = ids.size() - begin;
    append(ids, pair_between_);
    encode_text(second, false, ids);
    append(ids, pair_after_);
    return pair_.at(0) < 0 ? ids.size() - begin : between + static_cast<size_t>(pair_[0]);
}

std::optional<std::string_view> Tokenizer::token(int32_t id) const {
    for (const auto & [added, text] : added_) {
        if (added == id) return text;
    }
    const int32_t text = vocabulary_.text_of(id);
    if (text < 0) return std::nullopt;
    return texts_.at(static_cast<size_t>(text));
}

}  // namespace qrag
