// How long a prefix is worth keeping, and how much of it is known.
#include "prefix_cache.h"

#include <algorithm>

namespace qrag {

namespace {

size_t common_length(const int32_t * a, const std::vector<int32_t> & b, size_t length) {
    length = std::min(length, b.size());
    return static_cast<size_t>(std::mismatch(a, a + length, b.data()).first - a);
}

}  // namespace

PrefixCache::Missing PrefixCache::expect(const Sequences & sequences) {
    const int32_t * first = sequences.at(0);
    size_t length = sequences.length(0) - 1;  // every sequence keeps at least its last token for itself
    for (size_t i = 1; i < sequences.count(); i++) {
        const int32_t * other = sequences.at(i);
        length = std::min(length, sequences.length(i) - 1);
        length = static_cast<size_t>(std::mismatch(first, first + length, other).first - first);
    }
    const size_t known = common_length(first, tokens_, length);
    if (sequences.count() == 1) length = std::max(known, common_length(first, previous_, length));
    previous_.assign(first, first + sequences.length(0));
    if (length == known) return {length, length};

    tokens_.clear();  // should memory run out in begin, nothing is known any more
    keys_.begin(length, nullptr, 0);
    tokens_.assign(first, first + known);  // should computing stop half-way, this much is still true
    return {known, length};
}

void PrefixCache::complete(const Sequences & sequences, size_t length) {
    tokens_.assign(sequences.at(0), sequences.at(0) + length);
}

}  // namespace qrag
