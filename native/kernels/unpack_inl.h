// Weights of four bits to eight, on vectors of 16-bit integers: every instruction set gets the same numbers.
#pragma once

#include "vector_inl.h"

namespace qrag {
namespace {

typedef uint16_t Halves __attribute__((vector_size(QRAG_LANES * 4)));
typedef uint16_t HalvesInMemory __attribute__((vector_size(QRAG_LANES * 4), aligned(4), may_alias));
typedef int16_t Multipliers __attribute__((vector_size(QRAG_LANES * 2)));
typedef int16_t MultipliersInMemory __attribute__((vector_size(QRAG_LANES * 2), aligned(2), may_alias));

/** Two lines out of one; a 16-bit lane holds two bytes of each, and both bytes of a lane belong to one channel. */
inline void unpack_lines(Halves bytes, Halves multipliers, Halves offsets, int8_t * first, int8_t * second) {
    // In the high byte of each: ((n - 8) * multiplier + 128) >> 8. All of it modulo 2^16, in which the result fits.
    const Halves first_even = (bytes & 15) * multipliers + offsets;
    const Halves second_even = (bytes >> 4 & 15) * multipliers + offsets;
    const Halves first_odd = (bytes >> 8 & 15) * multipliers + offsets;
    const Halves second_odd = (bytes >> 12) * multipliers + offsets;
    *reinterpret_cast<HalvesInMemory *>(first) = first_even >> 8 | (first_odd & 0xff00);
    *reinterpret_cast<HalvesInMemory *>(second) = second_even >> 8 | (second_odd & 0xff00);
}

void unpack(const Nibbles & nibbles, size_t panel, size_t count, int8_t * out) {
    constexpr size_t line = 4 * panel_channels, piece = sizeof(Halves);
    const size_t groups = nibbles.inputs / nibble_group;
    for (size_t group = panel * groups; group < (panel + count) * groups; group++) {
        const uint8_t * data = nibbles.data + group * nibble_group * panel_channels / 2;
        for (size_t at = 0; at < line; at += piece) {
            const int16_t * source = nibbles.multipliers + group * panel_channels + at / 4;
            const Multipliers once = *reinterpret_cast<const MultipliersInMemory *>(source);
            const Ints wide = __builtin_convertvector(once, Ints) & 0xffff;
            const Halves multipliers = (Halves)(wide | wide << 16);
            const Halves offsets = 128 - 8 * multipliers;
            QRAG_UNROLL for (size_t pair = 0; pair < nibble_group / 8; pair++) {
                const Halves bytes = *reinterpret_cast<const HalvesInMemory *>(data + pair * line + at);
                unpack_lines(bytes, multipliers, offsets, out + 2 * pair * line + at, out + (2 * pair + 1) * line + at);
            }
        }
        out += nibble_group * panel_channels;
    }
}

}  // namespace
}  // namespace qrag
