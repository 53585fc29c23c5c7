// Bit distances in words of 64 bits: processors that have an instruction to count them keep pace with memory.
#pragma once

#include <string.h>

#include "kernels.h"

namespace qrag {
namespace {

/** How many of a word's bits are set. */
inline uint64_t ones_in(uint64_t word) {
#if defined(__POPCNT__)
    return (uint64_t)__builtin_popcountll(word);
#else
    // By pairs, fours and bytes; the product's highest byte is the sum of all.
    word -= word >> 1 & 0x5555555555555555;
    word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return word * 0x0101010101010101 >> 56;
#endif
}

/** Up to eight bytes; those that are missing are zero. */
inline uint64_t word_at(const uint8_t * bytes, size_t count) {
    uint64_t word = 0;
    memcpy(&word, bytes, count);
    return word;
}

void bit_distances(const uint8_t * query, const uint8_t * rows, size_t count, size_t bytes, int32_t * distances) {
    for (size_t r = 0; r < count; r++) {
        const uint8_t * row = rows + r * bytes;
        uint64_t ones = 0;
        size_t i = 0;
        for (; i + 8 <= bytes; i += 8) ones += ones_in(word_at(row + i, 8) ^ word_at(query + i, 8));
        if (i < bytes) ones += ones_in(word_at(row + i, bytes - i) ^ word_at(query + i, bytes - i));
        distances[r] = (int32_t)ones;
    }
}

}  // namespace
}  // namespace qrag
