// A sorted list, searched by halves: the characters that change are few.
#include "code_point_map.h"

#include <algorithm>

namespace qrag {

namespace {

/** U+FDFA becomes 18 characters in NFKD; nothing becomes more. */
constexpr int32_t max_parts = 18;

}  // namespace

char32_t checked_code_point(int32_t value) {
    return static_cast<char32_t>(checked(value, 0, code_points - 1, "a code point"));
}

CodePointMap::CodePointMap(const Integers & rows, const char * name) {
    for (size_t at = 0; at < rows.size();) {
        if (rows.size() - at < 2) throw bad_description(std::string(name) + " has half a row");
        const char32_t code = checked_code_point(rows[at]);
        const auto count = static_cast<size_t>(checked(rows[at + 1], 1, max_parts, "the number of code points"));
        at += 2;
        if (rows.size() - at < count) throw bad_description(std::string(name) + " has half a row");
        const bool ordered = entries_.empty() || entries_.back().code < code;
        if (!ordered) throw bad_description(std::string(name) + " is unordered");
        entries_.push_back({code, parts_.size(), count});
        for (size_t i = 0; i < count; i++) parts_.push_back(checked_code_point(rows[at++]));
    }
}

std::basic_string_view<char32_t> CodePointMap::operator[](char32_t code) const {
    const auto place = std::lower_bound(entries_.begin(), entries_.end(), code,
                                        [](const Entry & each, char32_t wanted) { return each.code < wanted; });
    if (place == entries_.end() || place->code != code) return {};
    return {parts_.data() + place->begin, place->size};
}

}  // namespace qrag
