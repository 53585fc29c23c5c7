// PreTokenizer: cuts a text into the pieces that are encoded one by one.
#pragma once

#include "callback.h"
#include "patterns.h"

namespace qrag {

class PreTokenizer {
  public:
    using Sink = Callback<std::string_view>;

    /** Texts and classes stay where they are as long as this lives. */
    PreTokenizer(const TokenizerDescription & description, const Texts & texts, const CodePointTable & classes);

    /** Hands the pieces of a text over, in order, none of them empty. `at_start`: it begins where the input does. */
    void cut(std::string_view text, bool at_start, const Sink & sink) { run(0, text, at_start, sink); }

    /** Whether every space behind another character begins a piece, or is in none, whatever follows it. */
    bool cuts_before_spaces() const;

  private:
    enum class Cut : int32_t { split, bytes, metaspace };
    enum class Behavior : int32_t { isolated, removed, merged_with_previous, merged_with_next, contiguous };
    enum class Prepend : int32_t { never, always, first };
    static constexpr const char * cut_names[] = {"split", "bytes", "metaspace"};
    static constexpr const char * behavior_names[] = {"Isolated", "Removed", "MergedWithPrevious", "MergedWithNext",
                                                      "Contiguous"};
    static constexpr const char * prepend_names[] = {"never", "always", "first"};

    struct Step {
        Cut kind;
        std::vector<Pattern> pattern;  // one, or none when the text is not split
        Behavior behavior = Behavior::isolated;
        bool invert = false;
        bool space_before = false;
        std::string_view replacement;
        Prepend prepend = Prepend::never;
        std::string changed, spelled;  // the step's own room for texts that it makes
    };

    Step read_step(const int32_t * row, const Texts & texts, const CodePointTable & classes) const;
    /** Whether a part of a text belongs to the same piece as the one before it. */
    static bool joins(Behavior behavior, bool previous_matched, bool matched);
    /** Takes a text through the steps from number `index` on. */
    void run(size_t index, std::string_view text, bool at_start, const Sink & sink);
    void split(const Step & step, std::string_view text, const Sink & sink) const;

    std::vector<Step> steps_;
};

}  // namespace qrag
