// Spelling a piece character by character, and merging.
#include "byte_pairs.h"

#include <algorithm>

#include "unicode.h"

namespace qrag {

namespace {

constexpr int32_t no_unknown = -1, missing_unknown = -2;

}  // namespace

BytePairs::BytePairs(const int32_t * row, const TokenizerDescription & description, const Texts & texts,
                     const Vocabulary & vocabulary)
    : vocabulary_(vocabulary),
      merges_(description.merges),
      unknown_(checked(row[0], missing_unknown, id_limit - 1, "an id")),
      fuse_(checked_flag(row[1])),
      ignore_merges_(checked_flag(row[2])),
      prefix_(texts.named(row[3])),
      suffix_(texts.named(row[4])),
      byte_tokens_(description.byte_tokens) {
    if (!byte_tokens_.empty() && byte_tokens_.size() != 256) throw bad_description("there are not 256 byte tokens");
    for (const int32_t id : byte_tokens_) {
        if (id != -1) checked_id(id);
    }
    for (char32_t code = 0; code < short_ids_.size(); code++) {
        spelling_.clear();
        append(spelling_, code);
        short_ids_[code] = vocabulary.find(spelling_);
    }
}

void BytePairs::encode(std::string_view piece, Integers & ids) {
    if (cache_.recall(piece, ids)) return;
    const size_t first = ids.size();
    const int32_t whole = ignore_merges_ ? vocabulary_.find(piece) : -1;
    if (whole >= 0) {
        ids.push_back(whole);
    } else {
        spell(piece, ids);
        merges_.apply(ids, first);
    }
    cache_.keep(piece, ids, first);
}

int32_t BytePairs::character_id(std::string_view character, bool first, bool last) {
    const bool prefixed = !first && !prefix_.empty();
    const bool suffixed = last && !suffix_.empty();
    if (!prefixed && !suffixed) {
        const auto [code, size] = character_at(character, 0);
        if (code < short_ids_.size() && size == character.size()) return short_ids_[code];
        return vocabulary_.find(character);
    }
    spelling_.assign(prefixed ? prefix_ : std::string_view());
    spelling_.append(character);
    if (suffixed) spelling_.append(suffix_);
    return vocabulary_.find(spelling_);
}

bool BytePairs::spell_bytes(std::string_view text, Integers & ids) const {
    if (byte_tokens_.empty()) return false;
    const auto id_of = [&](char byte) { return byte_tokens_[static_cast<uint8_t>(byte)]; };
    if (!std::all_of(text.begin(), text.end(), [&](char byte) { return id_of(byte) >= 0; })) return false;
    std::transform(text.begin(), text.end(), std::back_inserter(ids), id_of);
    return true;
}

void BytePairs::spell(std::string_view piece, Integers & ids) {
    // An unknown character waits until a known one follows, so that neighbours can be fused.
    bool waiting = false;
    for (size_t begin = 0, end; begin < piece.size(); begin = end) {
        end = begin + character_at(piece, begin).size;
        const std::string_view character = piece.substr(begin, end - begin);
        const bool first = begin == 0, last = end == piece.size();
        const int32_t id = character_id(character, first, last);
        if (id >= 0) {
            if (waiting) ids.push_back(unknown_);
            waiting = false;
            ids.push_back(id);
            continue;
        }
        if (!byte_tokens_.empty()) {
            spelling_.assign(first ? std::string_view() : prefix_);
            spelling_.append(character);
            if (last) spelling_.append(suffix_);
            if (spell_bytes(spelling_, ids)) continue;
        }
        if (unknown_ == no_unknown) continue;
        if (unknown_ == missing_unknown) {
            throw Error(Code::tokenizer_unsupported,
                        "tokenizer.json: model.unk_token is not in the vocabulary, and the text holds \"" +
                            std::string(character) + "\", which is not either. Set unk_token to one of its tokens");
        }
        if (waiting && !fuse_) ids.push_back(unknown_);
        waiting = true;
    }
    if (waiting) ids.push_back(unknown_);
}

}  // namespace qrag
