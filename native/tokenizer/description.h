// TokenizerDescription: a tokenizer.json as TypeScript has read, checked and flattened it (native/tokenizer/flatten.ts).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../error.h"

namespace qrag {

/**
 * In rows of a fixed width. A text is given by its number, -1 for none; a flag is 0 or 1; a value of an enumeration is
 * given by the text that names it.
 */
using Integers = std::vector<int32_t>;

/**
 * Nothing in it is trusted: whatever it holds, building a Tokenizer from it either throws input_invalid or gives one
 * that encodes every text without touching memory that is not its own.
 */
struct TokenizerDescription {
    std::string texts;             // all texts, UTF-8, end to end
    Integers ends;                 // text n ends before byte ends[n]
    Integers ids;                  // token n is text n and has this id; ascending
    Integers model;                // one row: kind (ModelKind), then what the model's constructor says
    Integers merges;               // by rank: left id, right id, id of the two joined
    Integers byte_tokens;          // of each byte its id or -1; empty: no byte fallback
    Integers added;                // text, id, flags: single word, lstrip, rstrip, normalized
    Integers normalizer;           // kind (Normalization), then four numbers as normalizer.cc says
    Integers cuts;                 // kind (Cut), then six numbers as pre_tokenizer.cc says
    Integers before, after;        // ids around every text
    Integers pair;                 // empty: pairs have no frame; else how many of `pair_between` are of the first
                                   // token type, -1 if everything is
    Integers pair_before, pair_between, pair_after;  // ids around the two texts of a pair
    Integers classes;              // first code point, the one after the last, class (class_names)
    Integers bert_classes;         // the same, for BertNormalizer (BertClass)
    Integers combining;            // first code point, the one after the last, canonical combining class
    Integers decompositions;       // code point, how many follow, and these: in ascending order, rows of any width
    Integers compatible;           // the same for NFKC and NFKD
    Integers compositions;         // two code points and the one they become; in ascending order
    Integers lowercase;            // as decompositions: what a letter becomes
};

/** Ids are below this, as in native/tokenizer/definition.ts. */
constexpr int32_t id_limit = 1 << 20;

inline Error bad_description(const std::string & what) {
    return Error(Code::input_invalid, "the tokenizer's description is damaged: " + what);
}

/** The rows of `integers`, each `width` long. */
class Table {
  public:
    Table(const Integers & integers, size_t width, const char * name) : integers_(integers), width_(width) {
        if (integers.size() % width != 0) throw bad_description(std::string(name) + " has half a row");
    }
    size_t size() const { return integers_.size() / width_; }
    const int32_t * operator[](size_t row) const { return integers_.data() + row * width_; }

  private:
    const Integers & integers_;
    size_t width_;
};

/** `value` if it lies in first..last. */
inline int32_t checked(int32_t value, int32_t first, int32_t last, const char * name) {
    if (value < first || value > last) throw bad_description(std::string(name) + " is " + std::to_string(value));
    return value;
}

inline bool checked_flag(int32_t value) { return checked(value, 0, 1, "a flag") != 0; }

inline int32_t checked_id(int32_t id) { return checked(id, 0, id_limit - 1, "an id"); }

/** The texts by their numbers. */
class Texts {
  public:
    Texts(std::string bytes, Integers ends) : bytes_(std::move(bytes)), ends_(std::move(ends)) {
        int32_t last = 0;
        for (const int32_t end : ends_) last = checked(end, last, INT32_MAX, "the end of a text");
        if (static_cast<size_t>(last) > bytes_.size()) throw bad_description("a text ends behind the last byte");
    }
    size_t size() const { return ends_.size(); }

    /** Text `index`, which is below size(). */
    std::string_view at(size_t index) const {
        const auto begin = static_cast<size_t>(index == 0 ? 0 : ends_[index - 1]);
        return std::string_view(bytes_).substr(begin, static_cast<size_t>(ends_[index]) - begin);
    }

    /** The text that a description names; "" for -1. */
    std::string_view named(int32_t index) const {
        if (index == -1) return {};
        return at(static_cast<size_t>(checked(index, 0, static_cast<int32_t>(ends_.size()) - 1, "a text's number")));
    }

  private:
    std::string bytes_;
    Integers ends_;
};

/** The value of an enumeration that text `index` names; `names` are in the enumeration's order. */
template <typename Enum, size_t count>
Enum checked_name(const Texts & texts, int32_t index, const char * const (&names)[count], const char * what) {
    const std::string_view name = texts.named(index);
    for (size_t i = 0; i < count; i++) {
        if (name == names[i]) return static_cast<Enum>(i);
    }
    throw bad_description(std::string(what) + " is unknown: \"" + std::string(name) + '"');
}

}  // namespace qrag
