// UTF-8, and tables over all code points.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "description.h"

namespace qrag {

constexpr char32_t code_points = 0x110000;
constexpr char32_t replacement_character = 0xFFFD;

struct Character {
    char32_t code;
    size_t size;  // in bytes, at least 1
};

/** The character that begins at byte `at` < text.size(). A byte that begins none counts as U+FFFD, one byte long. */
Character character_at(std::string_view text, size_t at);

/** The character that ends before byte `end` > 0. */
Character character_before(std::string_view text, size_t end);

void append(std::string & text, char32_t code);

/** UTF-8 of UTF-16; half a surrogate pair becomes U+FFFD. */
std::string to_utf8(std::u16string_view text);

/** What a character may be, a bit each. */
enum CharacterClass : uint8_t {
    letter = 1,
    number = 2,
    space = 4,
    word = 8,
    numeric = 16,
    ascii_digit = 32,
    line_end = 64,
    punctuation = 128,
};

constexpr const char * class_names[] = {"letter",  "number",     "space",   "word",
                                        "numeric", "asciiDigit", "lineEnd", "punctuation"};

/** `ranges` with the bit of its name in place of each name. */
template <size_t count>
Integers ranges_of_bits(const Integers & ranges, const Texts & texts, const char * const (&names)[count]) {
    static_assert(count <= 8, "a bit of a byte each");
    Integers result(ranges);
    for (size_t i = 2; i < result.size(); i += 3) {
        result[i] = 1 << checked_name<int32_t>(texts, result[i], names, "a class");
    }
    return result;
}

/** A byte for every code point, kept as the few blocks of 256 that differ. */
class CodePointTable {
  public:
    /** `ranges`: first code point, the one after the last, value; of several on one code point the bits together. */
    CodePointTable(const Integers & ranges, const char * name);
    uint8_t operator[](char32_t code) const { return values_[size_t{blocks_[code >> 8]} * 256 + (code & 255)]; }

  private:
    std::array<uint16_t, code_points / 256> blocks_;
    std::vector<uint8_t> values_;
};

}  // namespace qrag
