// Greedy matching, the longest token first.
#include "word_pieces.h"

#include <algorithm>

namespace qrag {

namespace {

/** A word of n characters may cost n * n steps. Real files have 100. */
constexpr int32_t max_word = 1024;

/** The tokens that begin with `prefix`, without it. What is longer than any word is of no use. */
Trie make_trie(const TokenizerDescription & description, const Texts & texts, std::string_view prefix,
               size_t max_characters) {
    std::vector<Trie::Entry> entries;
    for (size_t token = 0; token < description.ids.size(); token++) {
        std::string_view text = texts.at(token);
        if (text.substr(0, prefix.size()) != prefix) continue;
        text.remove_prefix(prefix.size());
        if (!text.empty() && text.size() <= 4 * max_characters) entries.push_back({text, description.ids[token]});
    }
    return Trie(std::move(entries));
}

bool begins_character(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) != 0x80; }

}  // namespace

WordPieces::WordPieces(const int32_t * row, const TokenizerDescription & description, const Texts & texts)
    : unknown_(checked_id(row[0])),
      max_characters_(static_cast<size_t>(checked(row[2], 0, max_word, "the most characters of a word"))),
      beginnings_(make_trie(description, texts, "", max_characters_)),
      continuations_(make_trie(description, texts, texts.named(row[1]), max_characters_)) {}

void WordPieces::encode(std::string_view word, Integers & ids) {
    if (cache_.recall(word, ids)) return;
    const size_t first = ids.size();
    if (!spell(word, ids)) {
        ids.resize(first);
        ids.push_back(unknown_);
    }
    cache_.keep(word, ids, first);
}

bool WordPieces::spell(std::string_view word, Integers & ids) const {
    if (word.size() > max_characters_ &&
        static_cast<size_t>(std::count_if(word.begin(), word.end(), begins_character)) > max_characters_) {
        return false;
    }
    for (size_t at = 0; at < word.size();) {
        const int32_t id = (at == 0 ? beginnings_ : continuations_).longest(word, at);
        if (id < 0) return false;
        ids.push_back(id);
    }
    return true;
}

}  // namespace qrag
