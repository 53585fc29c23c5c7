// row_products on NEON, 16 dimensions at a time, by the kernel's add_products; included inside its namespace.

inline int8x16_t load_signed(const int8_t * p, size_t count) {
    int8_t bytes[16] = {};
    memcpy(bytes, p, count);
    return vld1q_s8(bytes);
}

void row_products(const int8_t * query, const int8_t * rows, size_t count, size_t dimensions, int32_t * products) {
    const size_t whole = dimensions / 16 * 16, rest = dimensions - whole;
    const int8x16_t last = load_signed(query + whole, rest);
    for (size_t r = 0; r < count; r++) {
        const int8_t * row = rows + r * dimensions;
        int32x4_t sum = vdupq_n_s32(0);
        for (size_t i = 0; i < whole; i += 16) sum = add_products(sum, vld1q_s8(row + i), vld1q_s8(query + i));
        if (rest > 0) sum = add_products(sum, load_signed(row + whole, rest), last);
        products[r] = vaddvq_s32(sum);
    }
}
