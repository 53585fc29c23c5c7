// UTF-8 in both directions, and the building of tables.
#include "unicode.h"

#include <map>

namespace qrag {

namespace {

bool continues(std::string_view text, size_t at) {
    return at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80;
}

}  // namespace

Character character_at(std::string_view text, size_t at) {
    const auto bits = [&](size_t index) { return static_cast<char32_t>(static_cast<uint8_t>(text[index]) & 0x3F); };
    const auto lead = static_cast<uint8_t>(text[at]);
    if (lead < 0x80) return {lead, 1};
    if (lead >= 0xC0 && lead < 0xE0 && continues(text, at + 1)) {
        return {(lead & 0x1Fu) << 6 | bits(at + 1), 2};
    }
    if (lead >= 0xE0 && lead < 0xF0 && continues(text, at + 1) && continues(text, at + 2)) {
        return {(lead & 0x0Fu) << 12 | bits(at + 1) << 6 | bits(at + 2), 3};
    }
    if (lead >= 0xF0 && continues(text, at + 1) && continues(text, at + 2) && continues(text, at + 3)) {
        const char32_t code = (lead & 0x07u) << 18 | bits(at + 1) << 12 | bits(at + 2) << 6 | bits(at + 3);
        if (code < code_points) return {code, 4};
    }
    return {replacement_character, 1};
}

Character character_before(std::string_view text, size_t end) {
    size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && continues(text, begin)) begin--;
    const Character character = character_at(text, begin);
    return character.size == end - begin ? character : Character{replacement_character, 1};
}

void append(std::string & text, char32_t code) {
    const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

std::string to_utf8(std::u16string_view text) {
    std::string result;
    result.reserve(text.size() + text.size() / 8);
    for (size_t at = 0; at < text.size(); at++) {
        char32_t code = text[at];
        if (code >= 0xD800 && code < 0xE000) {
            const bool pair = code < 0xDC00 && at + 1 < text.size() && text[at + 1] >= 0xDC00 && text[at + 1] < 0xE000;
            code = pair ? 0x10000 + ((code - 0xD800) << 10) + (text[++at] - 0xDC00u) : replacement_character;
        }
        append(result, code);
    }
    return result;
}

CodePointTable::CodePointTable(const Integers & ranges, const char * name) : blocks_{} {
    std::vector<uint8_t> all(code_points);
    const Table rows(ranges, 3, name);
    for (size_t i = 0; i < rows.size(); i++) {
        const int32_t first = checked(rows[i][0], 0, code_points, name);
        const int32_t end = checked(rows[i][1], first, code_points, name);
        const int32_t value = checked(rows[i][2], 0, UINT8_MAX, name);
        for (int32_t code = first; code < end; code++) all[static_cast<size_t>(code)] |= static_cast<uint8_t>(value);
    }
    std::map<std::string_view, uint16_t> known;
    for (size_t block = 0; block < blocks_.size(); block++) {
        const uint8_t * values = all.data() + block * 256;
        const std::string_view key(reinterpret_cast<const char *>(values), 256);
        const auto [place, fresh] = known.try_emplace(key, static_cast<uint16_t>(known.size()));
        if (fresh) values_.insert(values_.end(), values, values + 256);
        blocks_[block] = place->second;
    }
    values_.shrink_to_fit();
}

}  // namespace qrag
