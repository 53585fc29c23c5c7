// row_products on 256 bits, 32 dimensions at a time, by the kernel's add_products; included inside its namespace.

/** One factor's magnitude times the other with its sign. 128, the magnitude of -128, fits the unsigned side; the other has no -128. */
inline __m256i add_row(__m256i sum, __m256i row, __m256i query) {
    return add_products(sum, _mm256_abs_epi8(row), _mm256_sign_epi8(query, row));
}

inline __m256i load_bytes(const int8_t * p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)); }

/** Less than a register of bytes, with zeros behind them. */
inline __m256i load_bytes(const int8_t * p, size_t count) {
    alignas(32) int8_t bytes[32] = {};
    memcpy(bytes, p, count);
    return load_bytes(bytes);
}

inline int32_t sum_of_lanes(__m256i v) {
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
    return _mm_cvtsi128_si32(four);
}

void row_products(const int8_t * query, const int8_t * rows, size_t count, size_t dimensions, int32_t * products) {
    const size_t whole = dimensions / 32 * 32, rest = dimensions - whole;
    const __m256i last = load_bytes(query + whole, rest);
    for (size_t r = 0; r < count; r++) {
        const int8_t * row = rows + r * dimensions;
        __m256i sum = _mm256_setzero_si256();
        for (size_t i = 0; i < whole; i += 32) sum = add_row(sum, load_bytes(row + i), load_bytes(query + i));
        if (rest > 0) sum = add_row(sum, load_bytes(row + whole, rest), last);
        products[r] = sum_of_lanes(sum);
    }
}
