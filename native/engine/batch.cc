// Packing sequences behind their common prefix.
#include "batch.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "../error.h"

namespace qrag {

namespace {

/** How many leading tokens all sequences share; every sequence keeps at least its last token for itself. */
int32_t common_prefix(const int32_t * tokens, const int32_t * offsets, size_t count) {
    if (count < 2) return 0;
    int32_t length = offsets[1] - offsets[0] - 1;
    for (size_t i = 1; i < count; i++) {
        const int32_t * sequence = tokens + offsets[i];
        length = std::min(length, offsets[i + 1] - offsets[i] - 1);
        length = static_cast<int32_t>(std::mismatch(sequence, sequence + length, tokens + offsets[0]).first - sequence);
    }
    return length;
}

}  // namespace

Batch Batch::pack(const int32_t * tokens, const int32_t * offsets, size_t count) {
    const int32_t prefix = common_prefix(tokens, offsets, count);
    Batch batch;
    std::vector<size_t> start;  // for each packed token, where its own sequence begins; 0 in the prefix
    const auto append = [&](const int32_t * sequence, int32_t from, int32_t to) {
        const size_t begin = batch.tokens.size();
        for (int32_t position = from; position < to; position++) {
            batch.tokens.push_back(sequence[position]);
            batch.positions.push_back(position);
            start.push_back(begin);
        }
    };
    append(tokens + offsets[0], 0, prefix);
    for (size_t i = 0; i < count; i++) {
        append(tokens + offsets[i], prefix, offsets[i + 1] - offsets[i]);
        batch.last.push_back(static_cast<int32_t>(batch.tokens.size()) - 1);
    }

    const size_t size = batch.tokens.size();
    batch.mask.assign(size * size, -INFINITY);
    for (size_t row = 0; row < size; row++) {
        const auto line = batch.mask.begin() + static_cast<ptrdiff_t>(row * size);
        std::fill_n(line, std::min(row + 1, static_cast<size_t>(prefix)), 0.0f);
        std::fill(line + static_cast<ptrdiff_t>(start[row]), line + static_cast<ptrdiff_t>(row + 1), 0.0f);
    }
    return batch;
}

void check_sequences(const std::vector<int32_t> & tokens, const std::vector<int32_t> & offsets,
                     const Hyperparameters & numbers) {
    if (offsets.size() < 2 || offsets.front() != 0 || offsets.back() != static_cast<int64_t>(tokens.size())) {
        throw Error(Code::input_invalid, "offsets do not run from 0 to the number of tokens");
    }
    for (size_t i = 1; i < offsets.size(); i++) {
        const int64_t length = static_cast<int64_t>(offsets[i]) - offsets[i - 1];
        if (length < 1 || length > numbers.context_length) {
            throw Error(Code::input_invalid, "sequence " + std::to_string(i - 1) + " has " + std::to_string(length) +
                                                 " tokens, expected 1 to " + std::to_string(numbers.context_length));
        }
    }
    for (const int32_t token : tokens) {
        if (token < 0 || token >= numbers.vocabulary_size) {
            throw Error(Code::input_invalid, "token id " + std::to_string(token) + " is outside the vocabulary of " +
                                                 std::to_string(numbers.vocabulary_size));
        }
    }
}

}  // namespace qrag
