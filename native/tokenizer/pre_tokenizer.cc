// The steps of a pre-tokenizer, one piece at a time through all of them.
#include "pre_tokenizer.h"

namespace qrag {

namespace {

/** Visible characters for the 256 bytes (GPT-2): the printable ones of Latin-1 as they are, others from U+0100 on. */
const std::array<std::string, 256> & byte_characters() {
    static const std::array<std::string, 256> characters = [] {
        std::array<std::string, 256> result;
        char32_t next = 0x100;
        for (char32_t byte = 0; byte < result.size(); byte++) {
            const bool printable = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
            append(result[byte], printable ? byte : next++);
        }
        return result;
    }();
    return characters;
}

}  // namespace

PreTokenizer::PreTokenizer(const TokenizerDescription & description, const Texts & texts,
                           const CodePointTable & classes) {
    const Table rows(description.cuts, 7, "cuts");
    for (size_t i = 0; i < rows.size(); i++) steps_.push_back(read_step(rows[i], texts, classes));
}

/**
 * Behind the kind: a split has a pattern's four, a behavior and whether matches and the text between change places;
 * bytes whether a space is put before, and a pattern's four, -1 for none; metaspace the text that stands for a space,
 * when it is put before, and a pattern's four for it, -1 for none.
 */
PreTokenizer::Step PreTokenizer::read_step(const int32_t * row, const Texts & texts,
                                           const CodePointTable & classes) const {
    Step step;
    step.kind = checked_name<Cut>(texts, row[0], cut_names, "a cut's kind");
    const int32_t * pattern = row + 1;
    if (step.kind == Cut::split) {
        step.behavior = checked_name<Behavior>(texts, row[5], behavior_names, "a cut's behavior");
        step.invert = checked_flag(row[6]);
    } else if (step.kind == Cut::bytes) {
        step.space_before = checked_flag(row[1]);
        pattern = row + 2;
    } else {
        step.replacement = texts.named(row[1]);
        step.prepend = checked_name<Prepend>(texts, row[2], prepend_names, "where a mark is put");
        step.behavior = Behavior::merged_with_next;
        pattern = row + 3;
    }
    if (step.kind == Cut::split || *pattern != -1) step.pattern.emplace_back(pattern, texts, classes);
    return step;
}

bool PreTokenizer::cuts_before_spaces() const {
    for (const Step & step : steps_) {
        if (step.pattern.empty()) return false;
        if (step.kind != Cut::split) return true;  // GPT-2's expression, or a mark in the space's place
        const Pattern & pattern = step.pattern[0];
        if (pattern.ignores_spaces()) continue;  // the pieces it makes are cut at these places by a later step, or by none
        const auto border = pattern.before_space();
        return border && !joins(step.behavior, border->before != step.invert, border->behind != step.invert);
    }
    return false;
}

void PreTokenizer::run(size_t index, std::string_view text, bool at_start, const Sink & sink) {
    if (text.empty()) return;
    if (index == steps_.size()) return sink(text);
    Step & step = steps_[index];
    const auto next = [&](std::string_view piece) { run(index + 1, piece, false, sink); };
    if (step.kind == Cut::split) return split(step, text, next);
    if (step.kind == Cut::bytes) {
        step.changed.assign(step.space_before && text[0] != ' ' ? " " : "").append(text);
        const auto spell = [&](std::string_view piece) {
            step.spelled.clear();
            for (const char byte : piece) step.spelled.append(byte_characters()[static_cast<uint8_t>(byte)]);
            next(step.spelled);
        };
        return split(step, step.changed, spell);
    }
    step.changed.clear();
    for (const char byte : text) {
        if (byte == ' ') step.changed.append(step.replacement);
        else step.changed.push_back(byte);
    }
    const bool prepends = step.prepend == Prepend::always || (step.prepend == Prepend::first && at_start);
    if (prepends && step.changed.compare(0, step.replacement.size(), step.replacement) != 0) {
        step.changed.insert(0, step.replacement);
    }
    split(step, step.changed, next);
}

bool PreTokenizer::joins(Behavior behavior, bool previous_matched, bool matched) {
    switch (behavior) {
        case Behavior::merged_with_previous: return matched && !previous_matched;
        case Behavior::merged_with_next: return previous_matched && !matched;
        case Behavior::contiguous: return matched == previous_matched;
        default: return false;
    }
}

/** Cuts a text at the matches; what becomes of them says the behavior. */
void PreTokenizer::split(const Step & step, std::string_view text, const Sink & sink) const {
    if (step.pattern.empty()) return sink(text);
    Span piece{0, 0};  // the one that is growing
    bool previous_matched = false;
    const auto hand_over = [&] {
        if (piece.end > piece.begin) sink(text.substr(piece.begin, piece.end - piece.begin));
    };
    const auto take = [&](size_t begin, size_t end, bool matched) {
        if (begin == end || (matched && step.behavior == Behavior::removed)) return;
        if (piece.end == piece.begin || !joins(step.behavior, previous_matched, matched)) {
            hand_over();
            piece.begin = begin;
        }
        piece.end = end;
        previous_matched = matched;
    };
    size_t done = 0;
    for (Span match{0, 0}; step.pattern[0].find(text, done, match); done = match.end) {
        take(done, match.begin, step.invert);
        take(match.begin, match.end, !step.invert);
    }
    take(done, text.size(), step.invert);
    hand_over();
}

}  // namespace qrag
