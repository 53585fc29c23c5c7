// row_products by vpdpbusd on 512 bits, 64 dimensions at a time: rows as int8 + 128, and the 128s go out in the end.
#pragma once

#include <immintrin.h>

#include "kernels.h"

namespace qrag {
namespace {

/** A bit for each of `count` bytes, up to 64. */
inline __mmask64 first_bytes(size_t count) { return count < 64 ? ((__mmask64)1 << count) - 1 : ~(__mmask64)0; }

void row_products(const int8_t * query, const int8_t * rows, size_t count, size_t dimensions, int32_t * products) {
    const __m512i offset = _mm512_set1_epi8((char)0x80);
    const size_t whole = dimensions / 64 * 64;
    const __mmask64 rest = first_bytes(dimensions - whole);
    const __m512i last = _mm512_maskz_loadu_epi8(rest, query + whole);
    __m512i offsets = _mm512_dpbusd_epi32(_mm512_setzero_si512(), offset, last);
    for (size_t i = 0; i < whole; i += 64) offsets = _mm512_dpbusd_epi32(offsets, offset, _mm512_loadu_si512(query + i));
    const int32_t excess = _mm512_reduce_add_epi32(offsets);
    for (size_t r = 0; r < count; r++) {
        const int8_t * row = rows + r * dimensions;
        __m512i sum = _mm512_setzero_si512();
        for (size_t i = 0; i < whole; i += 64) {
            const __m512i bytes = _mm512_xor_si512(_mm512_loadu_si512(row + i), offset);
            sum = _mm512_dpbusd_epi32(sum, bytes, _mm512_loadu_si512(query + i));
        }
        if (rest != 0) {
            const __m512i bytes = _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, row + whole), offset);
            sum = _mm512_dpbusd_epi32(sum, bytes, last);
        }
        products[r] = _mm512_reduce_add_epi32(sum) - excess;
    }
}

}  // namespace
}  // namespace qrag
