// The algorithms of UAX #15; Hangul by arithmetic.
#include "unicode_forms.h"

#include <algorithm>

namespace qrag {

namespace {

// Hangul syllables are made of a leading consonant, a vowel and perhaps a trailing consonant: 19 x 21 x 28.
constexpr char32_t first_syllable = 0xAC00, first_lead = 0x1100, first_vowel = 0x1161, before_trails = 0x11A7;
constexpr char32_t leads = 19, vowels = 21, trails = 28, syllables = leads * vowels * trails;

uint64_t pair_of(char32_t first, char32_t second) { return uint64_t{first} << 32 | second; }

}  // namespace

UnicodeForms::UnicodeForms(const TokenizerDescription & description)
    : combining_(description.combining, "combining"),
      decompositions_(description.decompositions, "decompositions"),
      compatible_(description.compatible, "compatible") {
    const Table rows(description.compositions, 3, "compositions");
    for (size_t i = 0; i < rows.size(); i++) {
        const uint64_t pair = pair_of(checked_code_point(rows[i][0]), checked_code_point(rows[i][1]));
        if (i > 0 && compositions_.back().pair >= pair) throw bad_description("compositions is unordered");
        compositions_.push_back({pair, checked_code_point(rows[i][2])});
    }
}

std::string UnicodeForms::normalize(std::string_view text, Form form) const {
    // ASCII is in every form. Below U+0300 all is in NFC, and nothing joins what stands before it.
    const uint8_t limit = form.composed && !form.compatible ? 0xCC : 0x80;
    const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
    std::string result;
    result.reserve(text.size());
    std::vector<char32_t> codes;
    for (size_t done = 0; done < text.size();) {
        size_t begin = done;
        while (begin < text.size() && byte(begin) < limit) begin++;
        size_t end = begin;
        while (end < text.size() && byte(end) >= 0x80) end++;
        // What follows may be joined to the character before it.
        if (form.composed && begin < end && begin > done) begin -= character_before(text, begin).size;
        result.append(text.substr(done, begin - done));
        codes.clear();
        for (size_t at = begin; at < end;) {
            const Character character = character_at(text, at);
            decompose(character.code, form.compatible, codes);
            at += character.size;
        }
        reorder(codes);
        if (form.composed) compose(codes);
        for (const char32_t code : codes) append(result, code);
        done = end;
    }
    return result;
}

void UnicodeForms::decompose(char32_t code, bool compatible, std::vector<char32_t> & codes) const {
    const char32_t syllable = code - first_syllable;
    if (code >= first_syllable && syllable < syllables) {
        codes.push_back(first_lead + syllable / (vowels * trails));
        codes.push_back(first_vowel + syllable / trails % vowels);
        if (syllable % trails != 0) codes.push_back(before_trails + syllable % trails);
        return;
    }
    const auto parts = (compatible ? compatible_ : decompositions_)[code];
    if (parts.empty()) codes.push_back(code);
    codes.insert(codes.end(), parts.begin(), parts.end());
}

void UnicodeForms::reorder(std::vector<char32_t> & codes) const {
    const auto marks = [&](char32_t code) { return combining_[code] != 0; };
    for (auto begin = codes.begin(); begin != codes.end();) {
        begin = std::find_if(begin, codes.end(), marks);
        const auto end = std::find_if_not(begin, codes.end(), marks);
        std::stable_sort(begin, end, [&](char32_t a, char32_t b) { return combining_[a] < combining_[b]; });
        begin = end;
    }
}

void UnicodeForms::compose(std::vector<char32_t> & codes) const {
    size_t written = 0;
    size_t starter = codes.size();  // none yet
    uint8_t last_class = 0;
    for (const char32_t code : codes) {
        const uint8_t combining = combining_[code];
        // Joined to the last starter, unless a mark of the same class, or another starter, stands between.
        if (starter < written && (starter + 1 == written || last_class < combining)) {
            if (const char32_t one = joined(codes[starter], code)) {
                codes[starter] = one;
                continue;
            }
        }
        if (combining == 0) starter = written;
        last_class = combining;
        codes[written++] = code;
    }
    codes.resize(written);
}

char32_t UnicodeForms::joined(char32_t first, char32_t second) const {
    const char32_t lead = first - first_lead, vowel = second - first_vowel;
    if (lead < leads && vowel < vowels) return first_syllable + (lead * vowels + vowel) * trails;
    const char32_t syllable = first - first_syllable, trail = second - before_trails;
    if (syllable < syllables && syllable % trails == 0 && trail > 0 && trail < trails) return first + trail;
    const uint64_t pair = pair_of(first, second);
    const auto place = std::lower_bound(compositions_.begin(), compositions_.end(), pair,
                                        [](const Composition & each, uint64_t wanted) { return each.pair < wanted; });
    return place == compositions_.end() || place->pair != pair ? 0 : place->joined;
}

}  // namespace qrag
