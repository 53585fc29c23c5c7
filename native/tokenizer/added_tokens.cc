// Matching: the leftmost token, and of those the longest.
#include "added_tokens.h"

#include <algorithm>

namespace qrag {

namespace {

bool stands_alone(std::string_view text, size_t begin, size_t end, const CodePointTable & classes) {
    const bool word_before = begin > 0 && (classes[character_before(text, begin).code] & word) != 0;
    const bool word_after = end < text.size() && (classes[character_at(text, end).code] & word) != 0;
    return !word_before && !word_after;
}

size_t spaces_before(std::string_view text, size_t limit, size_t end, const CodePointTable & classes) {
    while (end > limit) {
        const Character character = character_before(text, end);
        if ((classes[character.code] & space) == 0) break;
        end -= character.size;
    }
    return end;
}

/** Where the spaces from a place on end; a run is walked once, however many tokens stand in it. */
class SpaceRuns {
  public:
    SpaceRuns(std::string_view text, const CodePointTable & classes) : text_(text), classes_(classes) {}

    size_t end_of(size_t begin) {
        if (!known_ || begin < begin_ || begin > end_) {
            known_ = true;
            begin_ = end_ = begin;
            while (end_ < text_.size()) {
                const Character character = character_at(text_, end_);
                if ((classes_[character.code] & space) == 0) break;
                end_ += character.size;
            }
        }
        return end_;
    }

  private:
    std::string_view text_;
    const CodePointTable & classes_;
    bool known_ = false;
    size_t begin_ = 0, end_ = 0;
};

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), begins_token_{} {
    std::sort(tokens_.begin(), tokens_.end(), [](const auto & a, const auto & b) { return a.text < b.text; });
    for (size_t i = 0; i < tokens_.size(); i++) {
        if (i > 0 && tokens_[i].text == tokens_[i - 1].text) {
            throw Error(Code::tokenizer_unsupported, "tokenizer.json: added_tokens has two tokens that are the same "
                        "after normalization: \"" + tokens_[i].text + "\". Remove one of them");
        }
        begins_token_[static_cast<uint8_t>(tokens_[i].text[0])] = true;
    }
}

const AddedToken * AddedTokens::longest_at(std::string_view text, size_t at) const {
    if (!begins_token_[static_cast<uint8_t>(text[at])]) return nullptr;
    // The tokens that begin like the text: fewer with every byte, in order of that byte.
    auto first = tokens_.begin(), end = tokens_.end();
    const AddedToken * found = nullptr;
    for (size_t length = 0; first != end && at + length < text.size(); length++) {
        const auto byte_of = [length](const AddedToken & token) { return static_cast<uint8_t>(token.text[length]); };
        const auto byte = static_cast<uint8_t>(text[at + length]);
        first = std::partition_point(first, end, [&](const AddedToken & token) { return byte_of(token) < byte; });
        end = std::partition_point(first, end, [&](const AddedToken & token) { return byte_of(token) == byte; });
        // Of those that are left the shortest comes first.
        if (first != end && first->text.size() == length + 1) found = &*first++;
    }
    return found;
}

void AddedTokens::split(std::string_view text, bool at_start, const CodePointTable & classes,
                        const Segment & segment) const {
    const auto between = [&](size_t begin, size_t end) {
        if (begin < end) segment(-1, text.substr(begin, end - begin), at_start && begin == 0);
    };
    SpaceRuns spaces(text, classes);
    size_t done = 0;
    for (size_t at = 0; !tokens_.empty() && at < text.size();) {
        const AddedToken * token = longest_at(text, at);
        if (token == nullptr) {
            at++;
            continue;
        }
        const size_t end = at + token->text.size();
        if (!token->single_word || stands_alone(text, at, end, classes)) {
            between(done, token->lstrip ? spaces_before(text, done, at, classes) : at);
            segment(token->id, {}, false);
            done = token->rstrip ? spaces.end_of(end) : end;
        }
        at = end;
    }
    between(done, text.size());
}

bool AddedTokens::may_reach_beyond(std::string_view text) const {
    const auto ends_with = [&](std::string_view part) {
        return part.size() <= text.size() && text.substr(text.size() - part.size()) == part;
    };
    return std::any_of(tokens_.begin(), tokens_.end(), [&](const AddedToken & token) {
        const std::string_view content = token.text;
        bool reaches = ends_with(content);
        for (size_t at = content.find(' '); !reaches && at != content.npos; at = content.find(' ', at + 1)) {
            reaches = ends_with(content.substr(0, at));
        }
        return reaches;
    });
}

}  // namespace qrag
