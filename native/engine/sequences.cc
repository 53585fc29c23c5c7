// The checks of what a call hands over: after them no index can leave its table.
#include "sequences.h"

#include <string>

#include "../error.h"

namespace qrag {

namespace {

[[noreturn]] void refuse(const std::string & what) { throw Error(Code::input_invalid, what); }

}  // namespace

void Sequences::check(const Hyperparameters & numbers) const {
    if (offsets.size() < 2 || offsets.front() != 0 || offsets.back() != static_cast<int64_t>(tokens.size())) {
        refuse("offsets do not run from 0 to the number of tokens");
    }
    for (size_t i = 0; i < count(); i++) {
        const int64_t size = static_cast<int64_t>(offsets[i + 1]) - offsets[i];
        if (size < 1 || size > numbers.context_length) {
            refuse("sequence " + std::to_string(i) + " has " + std::to_string(size) + " tokens, expected 1 to " +
                   std::to_string(numbers.context_length));
        }
    }
    for (const int32_t token : tokens) {
        if (token < 0 || token >= numbers.vocabulary_size) {
            refuse("token id " + std::to_string(token) + " is outside the vocabulary of " +
                   std::to_string(numbers.vocabulary_size));
        }
    }
    if (seconds.empty()) return;
    if (seconds.size() != count()) {
        refuse("there are " + std::to_string(seconds.size()) + " second texts for " + std::to_string(count()) + " sequences");
    }
    for (size_t i = 0; i < count(); i++) {
        const auto size = static_cast<int32_t>(length(i));
        if (seconds[i] < 0 || seconds[i] > size) {
            refuse("the second text of sequence " + std::to_string(i) + " begins at " + std::to_string(seconds[i]) +
                   ", expected 0 to " + std::to_string(size));
        }
        if (seconds[i] < size && numbers.token_type_count < 2) refuse("the model does not tell two texts apart");
    }
}

}  // namespace qrag
