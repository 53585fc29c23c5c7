// CodePointMap: what each of some code points becomes, one or a few others.
#pragma once

#include "unicode.h"

namespace qrag {

class CodePointMap {
  public:
    /** `rows`: code point, how many follow, and these; in ascending order. */
    CodePointMap(const Integers & rows, const char * name);

    /** What `code` becomes, or nothing if it stays as it is. */
    std::basic_string_view<char32_t> operator[](char32_t code) const;

  private:
    struct Entry {
        char32_t code;
        size_t begin, size;
    };

    std::vector<Entry> entries_;  // in the order of their codes
    std::vector<char32_t> parts_;
};

/** `value` if it is one. */
char32_t checked_code_point(int32_t value);

}  // namespace qrag
