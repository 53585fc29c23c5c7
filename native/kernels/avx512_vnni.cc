// AVX-512 VNNI: vpdpbusd on 512 bits, one register for the 16 channels of a panel, the activation broadcast from memory.
#define QRAG_LANES 16
#include <immintrin.h>

#include "attention_inl.h"

namespace qrag {
namespace {

bool begin_thread() { return true; }
void end_thread() {}

template <size_t count>
inline void panel_sums(const uint8_t * const * rows, const Panels & panels, size_t panel, int32_t (*sums)[panel_channels]) {
    const int8_t * weights = panels.data + panel * panel_channels * panels.inputs;
    const Ints offsets = load(panels.sums + panel * panel_channels);
    __m512i sum[count];
    for (size_t r = 0; r < count; r++) sum[r] = (__m512i)(offsets * -128);
    for (size_t k = 0; k < panels.inputs; k += 4) {
        const __m512i w = _mm512_load_si512(weights + k * panel_channels);
        for (size_t r = 0; r < count; r++) {
            int32_t four;
            memcpy(&four, rows[r] + k, sizeof four);
            sum[r] = _mm512_dpbusd_epi32(sum[r], _mm512_set1_epi32(four), w);
        }
    }
    for (size_t r = 0; r < count; r++) _mm512_storeu_si512(sums[r], sum[r]);
}

constexpr size_t row_tile = 12;

#include "rows_inl.h"

}  // namespace

const Kernels avx512_vnni_kernels = {
    "avx512-vnni", /*offset_activations=*/true, begin_thread, end_thread, multiply, quantize<128>, normalize<128>, float_blocks,
    /*attention_step=*/0, attend,
};

}  // namespace qrag
