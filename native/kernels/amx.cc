// AMX: products in int8, attention in BF16, both in tiles of 16 rows by 64 bytes. Two tiles of rows times two panels keep
// four sums in tile registers. One vector with many rows is no matter for tiles: that is AVX-512 VNNI's.
#define QRAG_LANES 16
#include <immintrin.h>

#include "bit_words_inl.h"
#include "table_inl.h"
#include "zmm_products_inl.h"

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

void begin_thread() { _tile_loadconfig(&all_tiles_whole); }

void end_thread() { _tile_release(); }

/**
 * While it multiplies by two panels, each of the first four tiles of rows fetches a quarter of the next two: a tile load
 * waits badly for memory, and all of it asked for at once fills the line buffers.
 */
constexpr size_t lines_to_fetch = 2 * panel_channels / 4;

inline const int8_t * lines_for(size_t row, const Panels & panels, size_t panel) {
    const size_t quarter = row / (2 * tile_rows);
    return quarter < 4 ? panels.data + panel * panel_channels * panels.inputs + quarter * lines_to_fetch * 64 : nullptr;
}

/** Sums of up to two tiles of rows times two panels, [tile of rows][panel], and what is to become of them. */
struct Sums {
    alignas(64) int32_t values[2][2][tile_rows][panel_channels];
    size_t row, count;  // those before `row` are finished
    size_t panel;
    bool two_panels;
    const float * row_scales;
    float * out;
};

struct Target {
    const Panels & panels;
    size_t stride;
};

/** Turns the next rows of sums to floats. */
template <Into into>
inline void finish_rows(Sums & sums, size_t many, const Target & target) {
    const size_t end = sums.row + many < sums.count ? sums.row + many : sums.count;
    for (size_t row = sums.row; row < end; row++) {
        const auto & lines = sums.values[row / tile_rows];
        const size_t line = row % tile_rows;
        const float scale = sums.row_scales[row];
        float * to = sums.out + row * target.stride;
        if (into == Into::swiglu) {
            finish_swiglu(target.panels, sums.panel, scale, lines[0][line], lines[1][line], to);
            continue;
        }
        finish(target.panels, sums.panel, into, scale, lines[0][line], to);
        if (sums.two_panels) finish(target.panels, sums.panel + 1, into, scale, lines[1][line], to + panel_channels);
    }
    sums.row = end;
}

/**
 * Tiles 0-3: sums; 4, 5: rows; 6, 7: panels. `two_rows` and `two_panels` say which of them are there. Whole tiles are
 * read. A tile that was just stored cannot be read for a long while, so the sums before, `last`, are finished meanwhile.
 */
template <Into into, bool two_rows, bool two_panels>
void tile_sums(const uint8_t * rows, size_t stride, const int8_t * next, Sums & sums, Sums & last, const Target & target) {
    const size_t inputs = target.panels.inputs, panel_size = panel_channels * inputs;
    const int8_t * w0 = target.panels.data + sums.panel * panel_size;
    const int8_t * w1 = w0 + panel_size;
    const uint8_t * lower = rows + tile_rows * stride;
    const size_t steps = inputs / input_step, rows_a_step = (2 * tile_rows + steps - 1) / steps;
    _tile_zero(0);
    if (two_panels) _tile_zero(1);
    if (two_rows) _tile_zero(2);
    if (two_rows && two_panels) _tile_zero(3);
    for (size_t k = 0; k < inputs; k += input_step) {
        for (size_t line = 0; line < lines_to_fetch && next != nullptr; line++) {
            _mm_prefetch(reinterpret_cast<const char *>(next + 2 * k * panel_channels + 64 * line), _MM_HINT_T0);
        }
        if (into == Into::swiglu) {
            // What the feed-forward's inside was when it was last read has left the second cache by now.
            const size_t row = k / input_step * rows_a_step;
            for (size_t i = row; i < row + rows_a_step && i < sums.count; i++) __builtin_prefetch(sums.out + i * target.stride, 1, 3);
        }
        _tile_loadd(4, rows + k, stride);
        if (two_rows) _tile_loadd(5, lower + k, stride);
        _tile_loadd(6, w0 + k * panel_channels, 64);
        if (two_panels) _tile_loadd(7, w1 + k * panel_channels, 64);
        _tile_dpbssd(0, 4, 6);
        if (two_panels) _tile_dpbssd(1, 4, 7);
        if (two_rows) _tile_dpbssd(2, 5, 6);
        if (two_rows && two_panels) _tile_dpbssd(3, 5, 7);
        finish_rows<into>(last, rows_a_step, target);
    }
    _tile_stored(0, sums.values[0][0], 64);
    if (two_panels) _tile_stored(1, sums.values[0][1], 64);
    if (two_rows) _tile_stored(2, sums.values[1][0], 64);
    if (two_rows && two_panels) _tile_stored(3, sums.values[1][1], 64);
}

template <Into into>
void multiply_into(const Rows & rows, const Panels & panels, float * out, size_t out_stride) {
    const Target target = {panels, out_stride};
    const size_t count = panels.channels / panel_channels;
    Sums both[2];
    both[0].row = both[0].count = both[1].row = both[1].count = 0;
    size_t turn = 0;
    for (size_t panel = 0; panel < count; panel += 2) {
        const size_t column = (into == Into::swiglu ? panel / 2 : panel) * panel_channels;
        for (size_t r = 0; r < rows.count; r += 2 * tile_rows) {
            Sums & sums = both[turn];
            Sums & last = both[1 - turn];
            turn = 1 - turn;
            sums.row = 0;
            sums.count = rows.count - r < 2 * tile_rows ? rows.count - r : 2 * tile_rows;
            sums.panel = panel;
            sums.two_panels = panel + 1 < count;
            sums.row_scales = rows.scales + r;
            sums.out = out + r * out_stride + column;
            const int8_t * next = panel + 4 <= count ? lines_for(r, panels, panel + 2) : nullptr;
            const bool two_rows = sums.count > tile_rows;
            const auto compute = sums.two_panels ? (two_rows ? tile_sums<into, true, true> : tile_sums<into, false, true>)
                                                 : (two_rows ? tile_sums<into, true, false> : tile_sums<into, false, false>);
            compute(rows.data + r * rows.stride, rows.stride, next, sums, last, target);
        }
    }
    finish_rows<into>(both[1 - turn], 2 * tile_rows, target);
}

void multiply(const Rows & rows, const Panels & panels, Into into, float * out, size_t out_stride) {
    switch (into) {
        case Into::store: return multiply_into<Into::store>(rows, panels, out, out_stride);
        case Into::add: return multiply_into<Into::add>(rows, panels, out, out_stride);
        case Into::gelu: return multiply_into<Into::gelu>(rows, panels, out, out_stride);
        case Into::swiglu: return multiply_into<Into::swiglu>(rows, panels, out, out_stride);
    }
}

/**
 * A block of 32 positions in BF16, in the order tiles read: keys as two halves of [width / 2][16 positions][2], values as
 * [16 pairs of positions][width][2].
 */
constexpr size_t block_positions = 32;

size_t block_bytes(size_t width) { return 2 * block_positions * width * sizeof(uint16_t); }

/** Columns that other threads write lie between: only masked and single words are stored. */
void set_in_block(uint8_t * block, size_t width, size_t column, const float * key, const float * value) {
    // Of keys, two dimensions of a position are a word; the next two lie a tile's row further.
    auto * keys = block + (column / tile_rows * tile_rows * width + column % tile_rows * 2) * sizeof(uint16_t);
    const __m512i places = _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), _mm512_set1_epi32(64));
    for (size_t d = 0; d < width; d += 32) {
        const bool whole = d + 32 <= width;
        const __m512 upper = whole ? _mm512_loadu_ps(key + d + 16) : _mm512_setzero_ps();
        const __m512i words = (__m512i)_mm512_cvtne2ps_pbh(upper, _mm512_loadu_ps(key + d));
        _mm512_mask_i32scatter_epi32(keys + d / 2 * 64, whole ? 0xffff : 0xff, places, words, 1);
    }
    // Of values, a word holds the same dimension of two positions.
    auto * values = reinterpret_cast<uint16_t *>(block) + block_positions * width + column / 2 * 2 * width;
    const bool odd = column % 2 != 0;
    for (size_t d = 0; d < width; d += 16) {
        const __m512i words = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(value + d)));
        _mm512_mask_storeu_epi16(values + 2 * d, odd ? 0xaaaaaaaa : 0x55555555, odd ? _mm512_slli_epi32(words, 16) : words);
    }
}

void copy_block(uint8_t * to, const uint8_t * from, size_t width, size_t columns) {
    const auto * source = reinterpret_cast<const uint16_t *>(from);
    auto * target = reinterpret_cast<uint16_t *>(to);
    for (size_t column = 0; column < columns; column++) {
        const size_t keys = column / tile_rows * tile_rows * width + column % tile_rows * 2;
        for (size_t d = 0; d < width; d++) {
            const size_t at = keys + d / 2 * 2 * tile_rows + d % 2;
            target[at] = source[at];
        }
        const size_t values = block_positions * width + column / 2 * 2 * width + column % 2;
        for (size_t d = 0; d < width; d++) target[values + 2 * d] = source[values + 2 * d];
    }
}

/**
 * Scores of one or two tiles of rows, [rows][padded], against all blocks; `queries` is [rows][width] in BF16, width a
 * multiple of 32. Where a head is 16 short of that, the tiles read on into the block, and the queries' zeros undo it.
 */
template <bool two_rows>
void score_tiles(const Attention & a, const uint16_t * queries, size_t width, float * scores, size_t padded) {
    for (size_t block = 0; block * block_positions < padded; block++) {
        const uint16_t * keys = reinterpret_cast<const uint16_t *>(a.blocks[block]);
        _tile_zero(0);
        _tile_zero(1);
        if (two_rows) _tile_zero(2);
        if (two_rows) _tile_zero(3);
        for (size_t d = 0; d < width; d += 32) {
            _tile_loadd(4, queries + d, width * sizeof(uint16_t));
            if (two_rows) _tile_loadd(5, queries + tile_rows * width + d, width * sizeof(uint16_t));
            _tile_loadd(6, keys + d * tile_rows, 64);
            _tile_loadd(7, keys + (a.width + d) * tile_rows, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            if (two_rows) _tile_dpbf16ps(2, 5, 6);
            if (two_rows) _tile_dpbf16ps(3, 5, 7);
        }
        float * upper = scores + block * block_positions;
        _tile_stored(0, upper, padded * sizeof(float));
        _tile_stored(1, upper + tile_rows, padded * sizeof(float));
        float * lower = upper + tile_rows * padded;
        if (two_rows) _tile_stored(2, lower, padded * sizeof(float));
        if (two_rows) _tile_stored(3, lower + tile_rows, padded * sizeof(float));
    }
}

/** e^x for x <= 0, as exact as BF16 weights can tell: x = n ln 2 + r, a degree 4 polynomial in r, times 2^n. */
inline __m512 exponential_for_bf16(__m512 x) {
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
    const __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693147181f), x);
    __m512 p = _mm512_set1_ps(1.0f / 24);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 6));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(p, n);
}

inline void store_bf16(uint16_t * to, __m512 x) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), (__m256i)_mm512_cvtneps_pbh(x)); }

/** One row of scores to weights in BF16, not yet divided by their sum, which is returned. Unseen positions weigh 0. */
inline float weigh(const float * scores, size_t positions, size_t padded, uint16_t * weights) {
    const size_t whole = positions / 16 * 16;
    const auto rest = static_cast<__mmask16>((1u << (positions - whole)) - 1);
    const __m512 lowest = _mm512_set1_ps(-INFINITY);
    __m512 most = rest != 0 ? _mm512_mask_loadu_ps(lowest, rest, scores + whole) : lowest;
    for (size_t i = 0; i < whole; i += 16) most = _mm512_max_ps(most, _mm512_loadu_ps(scores + i));
    const __m512 largest = _mm512_set1_ps(_mm512_reduce_max_ps(most));
    __m512 sum = _mm512_setzero_ps();
    for (size_t i = 0; i < whole; i += 16) {
        const __m512 e = exponential_for_bf16(_mm512_sub_ps(_mm512_loadu_ps(scores + i), largest));
        sum = _mm512_add_ps(sum, e);
        store_bf16(weights + i, e);
    }
    for (size_t i = whole; i < padded; i += 16) {
        const __mmask16 seen = i == whole ? rest : 0;
        const __m512 e = _mm512_maskz_mov_ps(seen, exponential_for_bf16(_mm512_sub_ps(_mm512_maskz_loadu_ps(seen, scores + i), largest)));
        sum = _mm512_add_ps(sum, e);
        store_bf16(weights + i, e);
    }
    return _mm512_reduce_add_ps(sum);
}

/** mixed = weights * values, [rows][width]; `weights` is [rows][padded] in BF16. */
template <bool two_rows>
void mix_tiles(const Attention & a, const uint16_t * weights, size_t padded, size_t width, float * mixed) {
    for (size_t column = 0; column < a.width; column += 32) {
        const bool two = column + tile_rows < a.width;
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        for (size_t block = 0; block * block_positions < padded; block++) {
            const uint16_t * values = reinterpret_cast<const uint16_t *>(a.blocks[block]) + block_positions * a.width + 2 * column;
            const uint16_t * upper = weights + block * block_positions;
            _tile_loadd(4, upper, padded * sizeof(uint16_t));
            if (two_rows) _tile_loadd(5, upper + tile_rows * padded, padded * sizeof(uint16_t));
            _tile_loadd(6, values, 2 * a.width * sizeof(uint16_t));
            _tile_dpbf16ps(0, 4, 6);
            if (two_rows) _tile_dpbf16ps(2, 5, 6);
            if (!two) continue;
            _tile_loadd(7, values + 2 * tile_rows, 2 * a.width * sizeof(uint16_t));
            _tile_dpbf16ps(1, 4, 7);
            if (two_rows) _tile_dpbf16ps(3, 5, 7);
        }
        _tile_stored(0, mixed + column, width * sizeof(float));
        if (two) _tile_stored(1, mixed + column + tile_rows, width * sizeof(float));
        float * lower = mixed + tile_rows * width + column;
        if (two_rows) _tile_stored(2, lower, width * sizeof(float));
        if (two_rows && two) _tile_stored(3, lower + tile_rows, width * sizeof(float));
    }
}

void attend(const Attention & a) {
    size_t positions = 0;
    for (size_t r = 0; r < a.rows; r++) positions = a.positions[r] > positions ? a.positions[r] : positions;
    const size_t padded = (positions + block_positions - 1) / block_positions * block_positions;
    // Scratch: scores [rows][padded], then weights in BF16 where they lay, queries and results [rows][width].
    constexpr size_t most_rows = 2 * tile_rows;
    const size_t width = (a.width + 31) / 32 * 32;
    float * scores = a.scratch;
    float * mixed = scores + most_rows * padded;
    auto * queries = reinterpret_cast<uint16_t *>(mixed);
    auto * weights = reinterpret_cast<uint16_t *>(scores);
    for (size_t first = 0; first < a.rows; first += most_rows) {
        const size_t count = a.rows - first < most_rows ? a.rows - first : most_rows;
        const bool two_rows = count > tile_rows;
        memset(queries, 0, most_rows * width * sizeof(uint16_t));
        for (size_t r = 0; r < count; r++) {
            for (size_t d = 0; d < a.width; d += 16) store_bf16(queries + r * width + d, _mm512_loadu_ps(a.queries[first + r] + d));
        }
        (two_rows ? score_tiles<true> : score_tiles<false>)(a, queries, width, scores, padded);
        float inverse[most_rows];
        for (size_t r = 0; r < count; r++) {
            inverse[r] = 1.0f / weigh(scores + r * padded, a.positions[first + r], padded, weights + r * padded);
        }
        (two_rows ? mix_tiles<true> : mix_tiles<false>)(a, weights, padded, width, mixed);
        for (size_t r = 0; r < count; r++) {
            for (size_t d = 0; d < a.width; d += lanes) store(a.out[first + r] + d, load(mixed + r * width + d) * inverse[r]);
        }
    }
}

constexpr Kernels table() {
    Kernels table = table_of<0>("amx", {multiply, row_products, bit_distances});
    table.begin_thread = begin_thread;
    table.end_thread = end_thread;
    table.block = {block_positions, block_bytes, set_in_block, copy_block};
    table.attention_step = 1.0f / 256;
    table.attention_rows = 32;
    table.attend = attend;
    return table;
}

}  // namespace

constexpr Kernels amx_kernels = table();

}  // namespace qrag
