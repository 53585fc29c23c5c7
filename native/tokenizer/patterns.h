// Pattern: finds where a text is to be cut, by hand-written scanners in place of regular expressions.
#pragma once

#include <optional>

#include "unicode.h"

namespace qrag {

struct Span {
    size_t begin, end;
};

enum class PatternKind : int32_t {
    text,   // a text
    run,    // characters of one class: the class, the fewest, the most
    words,  // letters, digits and the like, or anything but these and spaces
    gpt2,   // GPT-2's expression
    newer,  // that of Llama 3, Qwen and others: how many digits a number may have
    bert,   // one punctuation mark, or anything but these and spaces
};

constexpr const char * pattern_names[] = {"text", "run", "words", "gpt2", "newer", "bert"};

class Pattern {
  public:
    /** `row`: a kind's name, and three numbers as the kind has them. Texts and classes stay where they are. */
    Pattern(const int32_t * row, const Texts & texts, const CodePointTable & classes);

    /** Finds the first match that begins at byte `from` or later. None is empty. */
    bool find(std::string_view text, size_t from, Span & match) const;

    /** Whether a space is in no match. */
    bool ignores_spaces() const;

    /** Two neighbours that are in no match together: whether each is in one. */
    struct Border {
        bool before, behind;
    };

    /**
     * The border between a space and the other character that it follows, for a pattern that does not ignore spaces.
     * Nothing if the two may be in one match, or if it depends on the text behind the space.
     */
    std::optional<Border> before_space() const;

  private:
    bool find_run(std::string_view text, size_t from, Span & match) const;
    bool find_word(std::string_view text, size_t from, Span & match) const;
    bool find_bert(std::string_view text, size_t from, Span & match) const;
    /** Where the match that begins at `from` ends: these expressions match any text whatever. */
    size_t end_of_gpt2(std::string_view text, size_t from) const;
    size_t end_of_newer(std::string_view text, size_t from) const;

    uint8_t classes_at(std::string_view text, size_t at, size_t & size) const;
    /** The end of the run of at most `max` characters from `at` on that have one of the classes, or none of them. */
    size_t run_of(std::string_view text, size_t at, uint8_t classes, bool having, size_t max = SIZE_MAX) const;
    size_t end_of_spaces(std::string_view text, size_t from) const;

    PatternKind kind_;
    std::string_view text_;
    uint8_t class_ = 0;
    size_t min_ = 1, max_ = SIZE_MAX;
    const CodePointTable & classes_;
};

}  // namespace qrag
