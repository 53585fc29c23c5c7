// UnicodeForms: the four normal forms, by tables that the description brings.
#pragma once

#include "code_point_map.h"

namespace qrag {

class UnicodeForms {
  public:
    struct Form {
        bool composed, compatible;
    };

    explicit UnicodeForms(const TokenizerDescription & description);

    /** `text` in a normal form. Code points that the tables do not name are left as they are. */
    std::string normalize(std::string_view text, Form form) const;

  private:
    void decompose(char32_t code, bool compatible, std::vector<char32_t> & codes) const;
    /** Marks that follow each other, in the order of their combining classes. */
    void reorder(std::vector<char32_t> & codes) const;
    void compose(std::vector<char32_t> & codes) const;
    char32_t joined(char32_t first, char32_t second) const;

    struct Composition {
        uint64_t pair;
        char32_t joined;
    };

    CodePointTable combining_;
    CodePointMap decompositions_, compatible_;
    std::vector<Composition> compositions_;  // in the order of their pairs
};

}  // namespace qrag
