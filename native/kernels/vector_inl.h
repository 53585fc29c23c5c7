// The float kernels, written once on vectors of QRAG_LANES floats and compiled by every instruction set's file.
// Everything here is static: a copy compiled for one instruction set must never be linked into another's code.
#pragma once

#include <math.h>
#include <string.h>

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
    for (size_t i = 1; i < lanes; i++) lane[0] = lane[i] > lane[0] ? lane[i] : lane[0];
    return lane[0];
}

/** e^x within 2 units in the last place for x in [-87, 88]; below, 0. Split x = n ln 2 + r, then a degree 6 polynomial. */
inline Vec exponential(Vec x) {
    const Ints low = x < all(-87.0f);
    x = x > all(88.0f) ? all(88.0f) : x;
    x = low ? all(-87.0f) : x;
    const Vec shifted = x * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: the sum's low bits are round(x / ln 2)
    const Vec n = shifted - 12582912.0f;
    const Vec r = x - n * 0.693359375f - n * -2.12194440e-4f;
    Vec p = all(1.0f / 720);
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const Ints exponent = ((Ints)shifted - 0x4b400000 + 127) << 23;
    const Vec result = p * (Vec)exponent;
    return low ? Vec{} : result;
}

inline Vec silu(Vec x) { return x / (exponential(-x) + 1.0f); }

/** Sums and maxima that go on side by side: each step of one would wait for the step before. */
constexpr size_t chains = 4;

/** Scales a row to int8 (plus `offset`), rounding to nearest; the bytes from `count` on stand for zero. */
inline float quantize_row(const float * x, size_t count, uint8_t * out, size_t inputs, float factor,
                          const float * weight, uint8_t offset) {
    Vec most[chains] = {};
    size_t i = 0;
    float tail = 0;
    for (; i + chains * lanes <= count; i += chains * lanes) {
        QRAG_UNROLL for (size_t c = 0; c < chains; c++) {
            const Vec v = load(x + i + c * lanes);
            most[c] = larger(most[c], magnitude(weight != nullptr ? v * load(weight + i + c * lanes) : v));
        }
    }
    for (; i < count; i++) {
        const float v = fabsf(weight != nullptr ? x[i] * weight[i] : x[i]);
        tail = v > tail ? v : tail;
    }
    float largest = largest_of(larger(larger(most[0], most[1]), larger(most[2], most[3])));
    largest = (tail > largest ? tail : largest);
    const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
    for (i = 0; i < count; i++) {
        const float v = weight != nullptr ? x[i] * weight[i] : x[i];
        // 1.5 * 2^23 rounds to nearest even, the same in every instruction set and vectorized by every compiler.
        const float rounded = v * inverse + 12582912.0f;
        int32_t bits;
        memcpy(&bits, &rounded, sizeof bits);
        out[i] = (uint8_t)((uint32_t)(bits - 0x4b400000) + offset);
    }
    memset(out + count, offset, inputs - count);
    return largest * factor / 127.0f;
}

template <uint8_t offset>
float quantize(const float * x, size_t count, uint8_t * out, size_t inputs) {
    return quantize_row(x, count, out, inputs, 1.0f, nullptr, offset);
}

template <uint8_t offset>
float normalize(const float * x, const float * weight, float epsilon, size_t count, uint8_t * out, size_t inputs) {
    Vec squares[chains] = {};
    size_t i = 0;
    for (; i + chains * lanes <= count; i += chains * lanes) {
        QRAG_UNROLL for (size_t c = 0; c < chains; c++) squares[c] += load(x + i + c * lanes) * load(x + i + c * lanes);
    }
    float sum = sum_of((squares[0] + squares[1]) + (squares[2] + squares[3]));
    for (; i < count; i++) sum += x[i] * x[i];
    // The norm's factor is common to the row: it goes into the scale and costs nothing.
    const float factor = 1.0f / sqrtf(sum / (float)count + epsilon);
    return quantize_row(x, count, out, inputs, factor, weight, offset);
}

/** One row's 16 channels of a product, from their integer sums on: the same arithmetic in every kernel. */
inline void finish(const Panels & panels, size_t panel, Into into, float scale, const int32_t * sums, float * out) {
    const float * scales = panels.scales + panel * panel_channels;
    for (size_t i = 0; i < panel_channels; i += lanes) {
        Vec v = __builtin_convertvector(load(sums + i), Vec) * (load(scales + i) * scale);
        if (into == Into::add) v += load(out + i);
        store(out + i, v);
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
