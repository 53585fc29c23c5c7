// Bit distances on NEON, 16 bytes at a time; included inside a kernel's namespace.

/** Adds the set bits of 16 bytes, at most 16 to each lane: those of max_scan_dimensions bits fit it. */
inline uint16x8_t add_ones(uint16x8_t sum, uint8x16_t bytes) { return vpadalq_u8(sum, vcntq_u8(bytes)); }

/** Less than 16 bytes, with zeros behind them. */
inline uint8x16_t load_bytes(const uint8_t * p, size_t count) {
    uint8_t bytes[16] = {};
    memcpy(bytes, p, count);
    return vld1q_u8(bytes);
}

void bit_distances(const uint8_t * query, const uint8_t * rows, size_t count, size_t bytes, int32_t * distances) {
    const size_t whole = bytes / 16 * 16, rest = bytes - whole;
    const uint8x16_t last = load_bytes(query + whole, rest);
    for (size_t r = 0; r < count; r++) {
        const uint8_t * row = rows + r * bytes;
        uint16x8_t sum = vdupq_n_u16(0);
        for (size_t i = 0; i < whole; i += 16) sum = add_ones(sum, veorq_u8(vld1q_u8(row + i), vld1q_u8(query + i)));
        if (rest > 0) sum = add_ones(sum, veorq_u8(load_bytes(row + whole, rest), last));
        distances[r] = (int32_t)vaddlvq_u16(sum);
    }
}
