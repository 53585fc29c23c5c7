// The portable kernels: the specification that every other set is tested against.
#define QRAG_LANES 4
#include "attention_inl.h"
#include "bit_words_inl.h"

namespace qrag {
namespace {

void panel_sums(const uint8_t * row, const Panels & panels, size_t panel, int32_t * sums) {
    const int8_t * weights = panels.data + panel * panel_channels * panels.inputs;
    const auto * values = reinterpret_cast<const int8_t *>(row);
    memset(sums, 0, panel_channels * sizeof *sums);
    for (size_t k = 0; k < panels.inputs; k += 4) {
        for (size_t c = 0; c < panel_channels; c++) {
            const int8_t * w = weights + k * panel_channels + c * 4;
            for (size_t i = 0; i < 4; i++) sums[c] += (int32_t)values[k + i] * w[i];
        }
    }
}

void multiply(const Rows & rows, const Panels & panels, Into into, float * out, size_t out_stride) {
    int32_t sums[2 * panel_channels];
    const size_t count = panels.channels / panel_channels;
    for (size_t r = 0; r < rows.count; r++) {
        const uint8_t * row = rows.data + r * rows.stride;
        for (size_t panel = 0; panel < count; panel++) {
            panel_sums(row, panels, panel, sums);
            if (into != Into::swiglu) {
                finish(panels, panel, into, rows.scales[r], sums, out + r * out_stride + panel * panel_channels);
                continue;
            }
            panel_sums(row, panels, panel + 1, sums + panel_channels);
            finish_swiglu(panels, panel, rows.scales[r], sums, sums + panel_channels,
                          out + r * out_stride + panel / 2 * panel_channels);
            panel++;
        }
    }
}

void row_products(const int8_t * query, const int8_t * rows, size_t count, size_t dimensions, int32_t * products) {
    for (size_t r = 0; r < count; r++) {
        const int8_t * row = rows + r * dimensions;
        int32_t sum = 0;
        for (size_t i = 0; i < dimensions; i++) sum += (int32_t)query[i] * row[i];
        products[r] = sum;
    }
}

}  // namespace

constexpr Kernels portable_kernels = table_in_floats<0>("portable", {multiply, row_products, bit_distances});

}  // namespace qrag
