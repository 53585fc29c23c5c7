// Packing sequences, behind their common prefix where there is one.
#include "batch.h"

#include <algorithm>
#include <cmath>

namespace qrag {

namespace {

/** How many leading tokens all sequences share; every sequence keeps at least its last token for itself. */
size_t common_prefix(const Sequences & sequences) {
    if (sequences.count() < 2) return 0;
    size_t length = sequences.length(0) - 1;
    for (size_t i = 1; i < sequences.count(); i++) {
        const int32_t * sequence = sequences.at(i);
        length = std::min(length, sequences.length(i) - 1);
        length = static_cast<size_t>(std::mismatch(sequence, sequence + length, sequences.at(0)).first - sequence);
    }
    return length;
}

}  // namespace

Batch Batch::pack(const Sequences & sequences, Sight sight) {
    const size_t prefix = sight == Sight::before ? common_prefix(sequences) : 0;
    Batch batch;
    const auto append = [&](size_t sequence, size_t from, size_t to) {
        for (size_t position = from; position < to; position++) {
            batch.tokens.push_back(sequences.at(sequence)[position]);
            batch.positions.push_back(static_cast<int32_t>(position));
            batch.types.push_back(position < sequences.second(sequence) ? 0 : 1);
        }
    };
    append(0, 0, prefix);
    for (size_t i = 0; i < sequences.count(); i++) {
        batch.first.push_back(static_cast<int32_t>(batch.tokens.size()));
        append(i, prefix, sequences.length(i));
        batch.last.push_back(static_cast<int32_t>(batch.tokens.size()) - 1);
    }

    const size_t size = batch.tokens.size();
    batch.mask.assign(size * size, -INFINITY);
    const auto show = [&](size_t row, size_t from, size_t to) {
        const auto line = batch.mask.begin() + static_cast<ptrdiff_t>(row * size);
        std::fill(line + static_cast<ptrdiff_t>(from), line + static_cast<ptrdiff_t>(to), 0.0f);
    };
    for (size_t row = 0; row < prefix; row++) show(row, 0, row + 1);
    for (size_t i = 0; i < sequences.count(); i++) {
        const auto first = static_cast<size_t>(batch.first[i]), end = static_cast<size_t>(batch.last[i]) + 1;
        for (size_t row = first; row < end; row++) {
            show(row, 0, prefix);
            show(row, first, sight == Sight::all ? end : row + 1);
        }
    }
    return batch;
}

}  // namespace qrag
