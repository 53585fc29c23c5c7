// The steps of a pre-tokenizer: those of native/tokenizer/split.ts, one piece at a time through all of them.
#include "pre_tokenizer.h"

namespace qrag {

namespace {

bool flag(int32_t value) { return checked(value, 0, 1, "a flag") != 0; }

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
    for (size_t i = 0; i < rows.size(); i++) {
        const int32_t * row = rows[i];
        Step step;
        step.kind = static_cast<Cut>(checked(row[0], 0, static_cast<int32_t>(Cut::metaspace), "a cut's kind"));
        if (step.kind == Cut::split) {
            step.pattern.emplace_back(row + 1, texts, classes);
            step.behavior = static_cast<Behavior>(
                checked(row[5], 0, static_cast<int32_t>(Behavior::contiguous), "a cut's behavior"));
            step.invert = flag(row[6]);
        } else if (step.kind == Cut::bytes) {
            const int32_t expression[] = {static_cast<int32_t>(PatternKind::gpt2), 0, 0, 0};
            step.space_before = flag(row[1]);
            if (flag(row[2])) step.pattern.emplace_back(expression, texts, classes);
        } else {
            const int32_t mark[] = {static_cast<int32_t>(PatternKind::text), row[1], 0, 0};
            step.replacement = texts.named(row[1]);
            step.prepend = static_cast<Prepend>(
                checked(row[2], 0, static_cast<int32_t>(Prepend::first), "where a mark is put"));
            if (flag(row[3])) step.pattern.emplace_back(mark, texts, classes);
            step.behavior = Behavior::merged_with_next;
        }
        steps_.push_back(std::move(step));
    }
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

/** Cuts a text at the matches; what becomes of them says the behavior. */
void PreTokenizer::split(const Step & step, std::string_view text, const Sink & sink) const {
    if (step.pattern.empty()) return sink(text);
    Span piece{0, 0};  // the one that is growing
    bool previous_matched = false;
    const auto joins = [&](bool matched) {
        switch (step.behavior) {
            case Behavior::merged_with_previous: return matched && !previous_matched;
            case Behavior::merged_with_next: return previous_matched && !matched;
            case Behavior::contiguous: return matched == previous_matched;
            default: return false;
        }
    };
    const auto hand_over = [&] {
        if (piece.end > piece.begin) sink(text.substr(piece.begin, piece.end - piece.begin));
    };
    const auto take = [&](size_t begin, size_t end, bool matched) {
        if (begin == end || (matched && step.behavior == Behavior::removed)) return;
        if (piece.end == piece.begin || !joins(matched)) {
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
