// panel_sums<count> by sdot, four inputs of four channels an instruction, and add_products; included inside a kernel's namespace.

/** Adds four inputs' products: those in lane `lane` of the activations, with the panel's 64 bytes at `weights`. */
template <int lane, size_t count>
inline void add_four_inputs(int32x4_t (&sum)[count][4], const int8x16_t (&a)[count], const int8_t * weights) {
    for (size_t c = 0; c < 4; c++) {
        const int8x16_t w = vld1q_s8(weights + c * 16);
        for (size_t r = 0; r < count; r++) sum[r][c] = vdotq_laneq_s32(sum[r][c], w, a[r], lane);
    }
}

template <size_t count>
inline void panel_sums(const uint8_t * const * rows, const Panels & panels, size_t panel, int32_t (*sums)[panel_channels]) {
    const int8_t * weights = panels.data + panel * panel_channels * panels.inputs;
    int32x4_t sum[count][4];
    for (auto & row : sum) {
        for (int32x4_t & channels : row) channels = vdupq_n_s32(0);
    }
    for (size_t k = 0; k < panels.inputs; k += 16) {
        int8x16_t a[count];
        for (size_t r = 0; r < count; r++) a[r] = vreinterpretq_s8_u8(vld1q_u8(rows[r] + k));
        const int8_t * lines = weights + k * panel_channels;
        add_four_inputs<0>(sum, a, lines);
        add_four_inputs<1>(sum, a, lines + 4 * panel_channels);
        add_four_inputs<2>(sum, a, lines + 8 * panel_channels);
        add_four_inputs<3>(sum, a, lines + 12 * panel_channels);
    }
    for (size_t r = 0; r < count; r++) {
        for (size_t c = 0; c < 4; c++) vst1q_s32(sums[r] + 4 * c, sum[r][c]);
    }
}

constexpr size_t row_tile = 4;

inline int32x4_t add_products(int32x4_t sum, int8x16_t row, int8x16_t query) { return vdotq_s32(sum, row, query); }
