// The float kernels, written once on vectors of QRAG_LANES floats and compiled by every instruction set's file.
// Everything here is static: a copy compiled for one instruction set must never be linked into another's code.
#pragma once

#include <math.h>
#include <string.h>

#if QRAG_LANES == 16
#include <immintrin.h>
#endif

#include "kernels.h"

#ifndef QRAG_LANES
#error "define QRAG_LANES before including vector_inl.h"
#endif

/** Before a loop over registers: unless GCC unrolls it early, it keeps the registers in memory. */
#if defined(__clang__)
#define QRAG_UNROLL _Pragma("unroll")
#else
#define QRAG_UNROLL _Pragma("GCC unroll 16")
#endif

namespace qrag {
namespace {

typedef float Vec __attribute__((vector_size(QRAG_LANES * 4)));
typedef int32_t Ints __attribute__((vector_size(QRAG_LANES * 4)));
// The same in memory, at any float's address. (A memcpy would do, but GCC makes two halves of it.)
typedef float VecInMemory __attribute__((vector_size(QRAG_LANES * 4), aligned(4), may_alias));
typedef int32_t IntsInMemory __attribute__((vector_size(QRAG_LANES * 4), aligned(4), may_alias));

constexpr size_t lanes = QRAG_LANES;

inline Vec load(const float * p) { return *reinterpret_cast<const VecInMemory *>(p); }
inline Ints load(const int32_t * p) { return *reinterpret_cast<const IntsInMemory *>(p); }
inline void store(float * p, Vec v) { *reinterpret_cast<VecInMemory *>(p) = v; }

inline Vec all(float x) { return Vec{} + x; }

inline Vec larger(Vec a, Vec b) { return a > b ? a : b; }

inline Vec magnitude(Vec a) { return (Vec)((Ints)a & 0x7fffffff); }

#if QRAG_LANES == 16

inline float sum_of(Vec v) { return _mm512_reduce_add_ps((__m512)v); }
inline float largest_of(Vec v) { return _mm512_reduce_max_ps((__m512)v); }

#else

inline float sum_of(Vec v) {
    float lane[lanes];
    memcpy(lane, &v, sizeof v);
    for (size_t step = lanes / 2; step > 0; step /= 2) {
        for (size_t i = 0; i < step; i++) lane[i] += lane[i + step];
    }
    return lane[0];
}

inline float largest_of(Vec v) {
    float lane[lanes];
    memcpy(lane, &v, sizeof v);
    for (size_t step = lanes / 2; step > 0; step /= 2) {
        for (size_t i = 0; i < step; i++) lane[i] = lane[i + step] > lane[i] ? lane[i + step] : lane[i];
    }
    return lane[0];
}

#endif

/** e^r for |r| up to ln 2 / 2: a polynomial of degree 6. */
inline Vec exponential_of_rest(Vec r) {
    Vec p = all(1.0f / 720);
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    return p * r + 1.0f;
}

// e^x within 2 units in the last place for x in [-87, 88]; below, 0 or nearly. Split x = n ln 2 + r.
#if QRAG_LANES == 16

inline Vec exponential(Vec x) {
    const Vec n = (Vec)_mm512_roundscale_ps((__m512)(x * 1.44269504f), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const Vec r = x - n * 0.693359375f - n * -2.12194440e-4f;
    return (Vec)_mm512_scalef_ps((__m512)exponential_of_rest(r), (__m512)n);
}

#else

inline Vec exponential(Vec x) {
    const Ints low = x < all(-87.0f);
    x = x > all(88.0f) ? all(88.0f) : x;
    x = low ? all(-87.0f) : x;
    const Vec shifted = x * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: the sum's low bits are round(x / ln 2)
    const Vec n = shifted - 12582912.0f;
    const Vec r = x - n * 0.693359375f - n * -2.12194440e-4f;
    const Ints exponent = ((Ints)shifted - 0x4b400000 + 127) << 23;
    const Vec result = exponential_of_rest(r) * (Vec)exponent;
    return low ? Vec{} : result;
}

#endif

inline Vec silu(Vec x) { return x / (exponential(-x) + 1.0f); }

/**
 * x times the normal distribution's integral up to x: the integral's odd part is x times a polynomial in x^2, here in
 * t = 2 (x / 5.25)^2 - 1, fitted to an error of x times it below 1.3e-6; further out it is 0 or 1 to that accuracy.
 */
inline Vec gelu(Vec x) {
    constexpr float edge = 5.25f;
    Vec near = x > all(edge) ? all(edge) : x;
    near = near < all(-edge) ? all(-edge) : near;
    const Vec t = near * near * (2 / (edge * edge)) - 1.0f;
    Vec p = all(9.800582e-04f);
    p = p * t - 2.8218045e-03f;
    p = p * t + 3.0949481e-03f;
    p = p * t - 3.6219973e-03f;
    p = p * t + 7.904341e-03f;
    p = p * t - 1.3653455e-02f;
    p = p * t + 1.8829225e-02f;
    p = p * t - 2.4842512e-02f;
    p = p * t + 3.1967983e-02f;
    p = p * t - 3.9782103e-02f;
    p = p * t + 4.9650475e-02f;
    p = p * t - 6.712634e-02f;
    p = p * t + 1.3465929e-01f;
    return x * (near * p + 0.5f);
}

/** Sums and maxima that go on side by side: each step of one would wait for the step before. */
constexpr size_t chains = 4;

/** Scales a row, times `weight` if there is one, to int8 (plus `offset`), rounding to nearest. Returns the scale. */
template <bool weighted>
inline float quantize_row(const float * x, const float * weight, float largest, size_t count, uint8_t * out, uint8_t offset) {
    const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
    size_t i = 0;
#if QRAG_LANES == 16
    for (; i + lanes <= count; i += lanes) {
        const Vec v = weighted ? load(x + i) * load(weight + i) : load(x + i);
        const Ints rounded = (Ints)_mm512_cvtps_epi32((__m512)(v * inverse)) + (int32_t)offset;
        _mm_storeu_si128((__m128i *)(out + i), _mm512_cvtepi32_epi8((__m512i)rounded));
    }
#endif
    for (; i < count; i++) {
        const float v = weighted ? x[i] * weight[i] : x[i];
        // 1.5 * 2^23 rounds to nearest even, the same in every instruction set and vectorized by every compiler.
        const float rounded = v * inverse + 12582912.0f;
        int32_t bits;
        memcpy(&bits, &rounded, sizeof bits);
        out[i] = (uint8_t)((uint32_t)(bits - 0x4b400000) + offset);
    }
    return largest / 127.0f;
}

template <uint8_t offset>
float quantize(const float * x, size_t count, uint8_t * out, size_t inputs) {
    Vec most[chains] = {};
    size_t i = 0;
    for (; i + chains * lanes <= count; i += chains * lanes) {
        QRAG_UNROLL for (size_t c = 0; c < chains; c++) most[c] = larger(most[c], magnitude(load(x + i + c * lanes)));
    }
    float largest = largest_of(larger(larger(most[0], most[1]), larger(most[2], most[3])));
    for (; i < count; i++) largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
    memset(out + count, offset, inputs - count);
    return quantize_row<false>(x, nullptr, largest, count, out, offset);
}

template <uint8_t offset>
float normalize(const float * x, const float * weight, float epsilon, size_t count, uint8_t * out, size_t inputs) {
    Vec squares[chains] = {}, most[chains] = {};
    size_t i = 0;
    for (; i + chains * lanes <= count; i += chains * lanes) {
        QRAG_UNROLL for (size_t c = 0; c < chains; c++) {
            const Vec v = load(x + i + c * lanes);
            squares[c] += v * v;
            most[c] = larger(most[c], magnitude(v * load(weight + i + c * lanes)));
        }
    }
    float sum = sum_of((squares[0] + squares[1]) + (squares[2] + squares[3]));
    float largest = largest_of(larger(larger(most[0], most[1]), larger(most[2], most[3])));
    for (; i < count; i++) {
        sum += x[i] * x[i];
        largest = fabsf(x[i] * weight[i]) > largest ? fabsf(x[i] * weight[i]) : largest;
    }
    memset(out + count, offset, inputs - count);
    // The norm's factor is common to the row: it goes into the scale and costs nothing.
    return quantize_row<true>(x, weight, largest, count, out, offset) / sqrtf(sum / (float)count + epsilon);
}

inline float dot(const float * a, const float * b, size_t count) {
    Vec sums[chains] = {};
    size_t i = 0;
    for (; i + chains * lanes <= count; i += chains * lanes) {
        QRAG_UNROLL for (size_t c = 0; c < chains; c++) sums[c] += load(a + i + c * lanes) * load(b + i + c * lanes);
    }
    float sum = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; i < count; i++) sum += a[i] * b[i];
    return sum;
}

/** The sum of (x - mean)^power for power 1 or 2. */
template <int power>
inline float sum_of_differences(const float * x, float mean, size_t count) {
    Vec sums[chains] = {};
    size_t i = 0;
    for (; i + chains * lanes <= count; i += chains * lanes) {
        QRAG_UNROLL for (size_t c = 0; c < chains; c++) {
            const Vec difference = load(x + i + c * lanes) - mean;
            sums[c] += power == 2 ? difference * difference : difference;
        }
    }
    float sum = sum_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; i < count; i++) sum += power == 2 ? (x[i] - mean) * (x[i] - mean) : x[i] - mean;
    return sum;
}

inline void layer_norm(float * x, const float * weight, const float * bias, float epsilon, size_t count) {
    const float mean = sum_of_differences<1>(x, 0.0f, count) / (float)count;
    const float factor = 1.0f / sqrtf(sum_of_differences<2>(x, mean, count) / (float)count + epsilon);
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) store(x + i, (load(x + i) - mean) * factor * load(weight + i) + load(bias + i));
    for (; i < count; i++) x[i] = (x[i] - mean) * factor * weight[i] + bias[i];
}

/** RoPE on one head whose even dimensions lie before its odd ones. */
inline void rotate(float * head, const float * cosines, const float * sines, size_t half) {
    size_t i = 0;
    for (; i + lanes <= half; i += lanes) {
        const Vec a = load(head + i), b = load(head + half + i), c = load(cosines + i), s = load(sines + i);
        store(head + i, a * c - b * s);
        store(head + half + i, a * s + b * c);
    }
    for (; i < half; i++) {
        const float a = head[i], b = head[half + i];
        head[i] = a * cosines[i] - b * sines[i];
        head[half + i] = a * sines[i] + b * cosines[i];
    }
}

/** One row's 16 channels of a product, from their integer sums on: the same arithmetic in every kernel. */
inline void finish(const Panels & panels, size_t panel, Into into, float scale, const int32_t * sums, float * out) {
    const float * scales = panels.scales + panel * panel_channels;
    for (size_t i = 0; i < panel_channels; i += lanes) {
        Vec base = panels.biases == nullptr ? Vec{} : load(panels.biases + panel * panel_channels + i);
        if (into == Into::add) base += load(out + i);
        // In one expression: the compiler makes one rounding of it everywhere, or nowhere.
        const Vec v = __builtin_convertvector(load(sums + i), Vec) * (load(scales + i) * scale) + base;
        store(out + i, into == Into::gelu ? gelu(v) : v);
    }
}

/** The same for a gate and an up panel. */
inline void finish_swiglu(const Panels & panels, size_t panel, float scale, const int32_t * gate, const int32_t * up,
                          float * out) {
    const float * scales = panels.scales + panel * panel_channels;
    for (size_t i = 0; i < panel_channels; i += lanes) {
        const Vec g = __builtin_convertvector(load(gate + i), Vec) * (load(scales + i) * scale);
        const Vec u = __builtin_convertvector(load(up + i), Vec) * (load(scales + panel_channels + i) * scale);
        store(out + i, silu(g) * u);
    }
}

}  // namespace
}  // namespace qrag
