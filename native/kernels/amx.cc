// AMX int8: tiles of 16 rows by 64 bytes. Two tiles of rows times two panels keep four sums in tile registers.
#define QRAG_LANES 16
#include <immintrin.h>

#include "vector_inl.h"

namespace qrag {
namespace {

constexpr size_t tile_rows = 16;

/**
 * The layout ldtilecfg reads. It is static data on purpose: GCC 12's _tile_loadconfig tells the compiler of its first 8
 * bytes only, so that stores to the rest of a local one are dropped, and garbage in a reserved byte faults.
 */
struct alignas(64) TileConfig {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes_per_row[16];
    uint8_t rows[16];
};

constexpr TileConfig all_tiles_whole = {
    1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};

bool begin_thread() {
    _tile_loadconfig(&all_tiles_whole);
    return true;
}

void end_thread() { _tile_release(); }

/** Tiles 0-3: sums; 4, 5: rows; 6, 7: panels. `two_rows` and `two_panels` say which of them are there. */
template <bool two_rows, bool two_panels>
inline void tile_sums(const uint8_t * rows, size_t stride, const Panels & panels, size_t panel, int32_t (*sums)[2][tile_rows][panel_channels]) {
    const size_t panel_size = panel_channels * panels.inputs;
    const int8_t * w0 = panels.data + panel * panel_size;
    const int8_t * w1 = w0 + panel_size;
    const uint8_t * lower = rows + tile_rows * stride;
    _tile_zero(0);
    if (two_panels) _tile_zero(1);
    if (two_rows) _tile_zero(2);
    if (two_rows && two_panels) _tile_zero(3);
    for (size_t k = 0; k < panels.inputs; k += input_step) {
        _tile_loadd(4, rows + k, stride);
        if (two_rows) _tile_loadd(5, lower + k, stride);
        _tile_loadd(6, w0 + k * panel_channels, 64);
        if (two_panels) _tile_loadd(7, w1 + k * panel_channels, 64);
        _tile_dpbssd(0, 4, 6);
        if (two_panels) _tile_dpbssd(1, 4, 7);
        if (two_rows) _tile_dpbssd(2, 5, 6);
        if (two_rows && two_panels) _tile_dpbssd(3, 5, 7);
    }
    _tile_stored(0, sums[0][0], 64);
    if (two_panels) _tile_stored(1, sums[0][1], 64);
    if (two_rows) _tile_stored(2, sums[1][0], 64);
    if (two_rows && two_panels) _tile_stored(3, sums[1][1], 64);
}

/** Whole tiles are read, `count` rows of them are meant. */
template <bool two_rows>
inline void multiply_tile(const uint8_t * data, size_t stride, const float * row_scales, size_t count, const Panels & panels,
                          size_t panel, bool two_panels, Into into, float * out, size_t out_stride) {
    alignas(64) int32_t sums[2][2][tile_rows][panel_channels];
    if (two_panels) {
        tile_sums<two_rows, true>(data, stride, panels, panel, sums);
    } else {
        tile_sums<two_rows, false>(data, stride, panels, panel, sums);
    }
    for (size_t r = 0; r < count; r++) {
        const auto & line = sums[r / tile_rows];
        float * to = out + r * out_stride;
        if (into == Into::swiglu) {
            finish_swiglu(panels, panel, row_scales[r], line[0][r % tile_rows], line[1][r % tile_rows],
                          to + panel / 2 * panel_channels);
            continue;
        }
        finish(panels, panel, into, row_scales[r], line[0][r % tile_rows], to + panel * panel_channels);
        if (two_panels) {
            finish(panels, panel + 1, into, row_scales[r], line[1][r % tile_rows], to + (panel + 1) * panel_channels);
        }
    }
}

void multiply(const Rows & rows, const Panels & panels, Into into, float * out, size_t out_stride) {
    const size_t count = panels.channels / panel_channels;
    for (size_t panel = 0; panel < count; panel += 2) {
        const bool two_panels = panel + 1 < count;
        for (size_t r = 0; r < rows.count; r += 2 * tile_rows) {
            const size_t here = rows.count - r < 2 * tile_rows ? rows.count - r : 2 * tile_rows;
            const auto multiply_here = here > tile_rows ? multiply_tile<true> : multiply_tile<false>;
            multiply_here(rows.data + r * rows.stride, rows.stride, rows.scales + r, here, panels, panel, two_panels, into,
                          out + r * out_stride, out_stride);
        }
    }
}

}  // namespace

const Kernels amx_kernels = {
    "amx", /*offset_activations=*/false, begin_thread, end_thread, multiply, quantize<0>, normalize<0>, attend,
};

}  // namespace qrag
