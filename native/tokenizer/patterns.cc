// The scanners. Each does what the expression of native/tokenizer/patterns.ts does that stands above it.
#include "patterns.h"

namespace qrag {

namespace {

/** What neither is a letter nor a number nor a space. */
constexpr uint8_t named = letter | number | space;

/** The bytes behind the apostrophe at `from` that make it a contraction, 0 if none do. */
size_t contraction(std::string_view text, size_t from, bool any_case) {
    const auto lower = [&](size_t at) {
        const char byte = at < text.size() ? text[at] : '\0';
        return any_case && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
    };
    const char first = lower(from + 1), second = lower(from + 2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return 1;
    if (first == 'l' && second == 'l') return 2;
    if ((first == 'r' || first == 'v') && second == 'e') return 2;
    // Folded by Unicode, U+017F is another small s.
    return any_case && text.substr(from + 1, 2) == "\xC5\xBF" ? 2 : 0;
}

}  // namespace

Pattern::Pattern(const int32_t * row, const Texts & texts, const CodePointTable & classes)
    : kind_(checked_name<PatternKind>(texts, row[0], pattern_names, "a pattern's kind")), classes_(classes) {
    if (kind_ == PatternKind::text) {
        text_ = texts.named(row[1]);
        if (text_.empty()) throw bad_description("a pattern is empty");
    } else if (kind_ == PatternKind::run) {
        class_ = static_cast<uint8_t>(1 << checked_name<int32_t>(texts, row[1], class_names, "a pattern's class"));
        min_ = static_cast<size_t>(checked(row[2], 1, INT32_MAX, "the fewest characters of a run"));
        max_ = static_cast<size_t>(checked(row[3], row[2], INT32_MAX, "the most characters of a run"));
    } else if (kind_ == PatternKind::newer) {
        max_ = static_cast<size_t>(checked(row[1], 1, INT32_MAX, "the digits of a number"));
    }
}

bool Pattern::find(std::string_view text, size_t from, Span & match) const {
    if (from >= text.size()) return false;
    switch (kind_) {
        case PatternKind::text: {
            const size_t begin = text.find(text_, from);
            match = {begin, begin + text_.size()};
            return begin != std::string_view::npos;
        }
        case PatternKind::run: return find_run(text, from, match);
        case PatternKind::words: return find_word(text, from, match);
        case PatternKind::bert: return find_bert(text, from, match);
        case PatternKind::gpt2: match = {from, end_of_gpt2(text, from)}; break;
        case PatternKind::newer: match = {from, end_of_newer(text, from)}; break;
    }
    return true;
}

bool Pattern::ignores_spaces() const {
    if (kind_ == PatternKind::text) return text_.find(' ') == std::string_view::npos;
    return kind_ == PatternKind::run && (class_ & classes_[' ']) == 0;
}

std::optional<Pattern::Border> Pattern::before_space() const {
    switch (kind_) {
        case PatternKind::text:
            if (text_ == " ") return Border{false, true};
            break;
        case PatternKind::run:
            if (class_ == space && min_ == 1) return Border{false, true};
            break;
        // No letter, number or mark goes on into a space, and what begins with one looks at nothing before it.
        case PatternKind::gpt2:
        case PatternKind::newer: return Border{true, true};
        case PatternKind::words:
        case PatternKind::bert: return Border{true, false};
    }
    return std::nullopt;
}

uint8_t Pattern::classes_at(std::string_view text, size_t at, size_t & size) const {
    size = 1;
    if (at >= text.size()) return 0;
    const Character character = character_at(text, at);
    size = character.size;
    return classes_[character.code];
}

size_t Pattern::run_of(std::string_view text, size_t at, uint8_t classes, bool having, size_t max) const {
    size_t size = 0;
    for (size_t count = 0; count < max && at < text.size(); count++) {
        if (((classes_at(text, at, size) & classes) != 0) != having) break;
        at += size;
    }
    return at;
}

/** [class]{min,max} */
bool Pattern::find_run(std::string_view text, size_t from, Span & match) const {
    for (size_t begin = from; begin < text.size();) {
        begin = run_of(text, begin, class_, false);
        size_t end = begin;
        size_t count = 0;
        for (; count < max_ && end < text.size(); count++) {
            const size_t next = run_of(text, end, class_, true, 1);
            if (next == end) break;
            end = next;
        }
        match = {begin, end};
        if (count >= min_) return true;
        begin = end;  // a run too short at its beginning is too short everywhere
    }
    return false;
}

/** \w+|[^\w\s]+ */
bool Pattern::find_word(std::string_view text, size_t from, Span & match) const {
    const size_t begin = run_of(text, from, space, true);
    size_t size = 0;
    const bool is_word = (classes_at(text, begin, size) & word) != 0;
    match = {begin, is_word ? run_of(text, begin, word, true) : run_of(text, begin, word | space, false)};
    return begin < text.size();
}

/** The Rust library's BertPreTokenizer: \s+ removed, then \p{P} isolated. */
bool Pattern::find_bert(std::string_view text, size_t from, Span & match) const {
    const size_t begin = run_of(text, from, space, true);
    size_t size = 0;
    const bool is_mark = (classes_at(text, begin, size) & punctuation) != 0;
    match = {begin, is_mark ? begin + size : run_of(text, begin, space | punctuation, false)};
    return begin < text.size();
}

/** \s+(?!\S)|\s+ : the last of several spaces is left for the word that follows. */
size_t Pattern::end_of_spaces(std::string_view text, size_t from) const {
    const size_t end = run_of(text, from, space, true);
    if (end == text.size()) return end;
    const size_t before_last = end - character_before(text, end).size;
    return before_last > from ? before_last : end;
}

/** 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
size_t Pattern::end_of_gpt2(std::string_view text, size_t from) const {
    if (text[from] == '\'') {
        if (const size_t bytes = contraction(text, from, false)) return from + 1 + bytes;
    }
    const size_t begin = text[from] == ' ' ? from + 1 : from;
    size_t size = 0;
    const uint8_t classes = classes_at(text, begin, size);
    if (classes & letter) return run_of(text, begin, letter, true);
    if (classes & number) return run_of(text, begin, number, true);
    if (begin < text.size() && !(classes & space)) return run_of(text, begin, named, false);
    return end_of_spaces(text, from);
}

/**
 * '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,max}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+
 */
size_t Pattern::end_of_newer(std::string_view text, size_t from) const {
    if (text[from] == '\'') {
        if (const size_t bytes = contraction(text, from, true)) return from + 1 + bytes;
    }
    size_t size = 0, next_size = 0;
    const uint8_t classes = classes_at(text, from, size);
    if (classes & letter) return run_of(text, from, letter, true);
    if (classes & number) return run_of(text, from, number, true, max_);
    const size_t next = from + size;
    const uint8_t next_classes = classes_at(text, next, next_size);
    if (!(classes & line_end) && (next_classes & letter)) return run_of(text, next, letter, true);
    const size_t begin = text[from] == ' ' && next < text.size() && !(next_classes & named) ? next : from;
    if (begin == next || !(classes & space)) {
        return run_of(text, run_of(text, begin, named, false), line_end, true);
    }
    // Spaces: as far as the last end of a line in them, if there is one.
    size_t line = run_of(text, from, space, true);
    while (line > from && text[line - 1] != '\n' && text[line - 1] != '\r') line--;
    return line > from ? line : end_of_spaces(text, from);
}

}  // namespace qrag
