// The loop over panels and tiles of rows around a kernel's panel_sums<count>; included inside its namespace.

template <size_t count>
inline void multiply_tile(const Rows & rows, size_t first, const Panels & panels, size_t panel, Into into, float * out,
                          size_t out_stride) {
    int32_t sums[2][count][panel_channels];
    const uint8_t * pointers[count];
    for (size_t r = 0; r < count; r++) pointers[r] = rows.data + (first + r) * rows.stride;
    panel_sums<count>(pointers, panels, panel, sums[0]);
    if (into == Into::swiglu) panel_sums<count>(pointers, panels, panel + 1, sums[1]);
    for (size_t r = 0; r < count; r++) {
        float * line = out + (first + r) * out_stride;
        const float scale = rows.scales[first + r];
        if (into == Into::swiglu) {
            finish_swiglu(panels, panel, scale, sums[0][r], sums[1][r], line + panel / 2 * panel_channels);
        } else {
            finish(panels, panel, into, scale, sums[0][r], line + panel * panel_channels);
        }
    }
}

/** Panels outside, rows inside: the weights come from memory once, a panel stays in the first cache for all rows. */
void multiply(const Rows & rows, const Panels & panels, Into into, float * out, size_t out_stride) {
    const size_t step = into == Into::swiglu ? 2 : 1;
    for (size_t panel = 0; panel < panels.channels / panel_channels; panel += step) {
        size_t r = 0;
        for (; r + row_tile <= rows.count; r += row_tile) {
            multiply_tile<row_tile>(rows, r, panels, panel, into, out, out_stride);
        }
        for (; r < rows.count; r++) multiply_tile<1>(rows, r, panels, panel, into, out, out_stride);
    }
}
