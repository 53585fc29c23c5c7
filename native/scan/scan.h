// The vectors nearest to a query: every row of every segment is looked at, in int8, or in bits first and the best in int8.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../kernels/kernels.h"

namespace qrag {

/** Rows of vectors, end to end. Memory is the caller's, and nobody may write to it meanwhile. */
struct Segment {
    const int8_t * vectors;  // [rows][dimensions]
    const float * scales;    // [rows]: vector = scale * int8
    const uint8_t * bits;    // [rows][bytes_of_bits(dimensions)]: one a dimension, the first the lowest; null for none
    const uint8_t * skip;    // [rows / 8, rounded up]: a bit a row, the first the lowest; those set are left out; null for none
    size_t rows;
};

constexpr size_t bytes_of_bits(size_t count) { return count / 8 + (count % 8 != 0 ? 1 : 0); }

struct Query {
    std::vector<int8_t> vector;  // no -128
    double scale;                // above 0
    std::vector<uint8_t> bits;   // as in a segment
};

struct Wanted {
    size_t count;
    /** So many rows whose bits are most like the query's are compared in int8; 0: all are. */
    size_t candidates;
    size_t threads;
};

struct Hit {
    size_t segment, row;
    double score;  // (query * row, of int8) * the row's scale * the query's
};

/**
 * The highest scores first, of equal ones the first row, so that threads and kernels make no difference. A row whose
 * score is not a number is left out. Throws when `stopped` becomes true.
 */
std::vector<Hit> nearest(const Kernels & kernels, const Query & query, const std::vector<Segment> & segments,
                         const Wanted & wanted, const std::atomic<bool> & stopped);

}  // namespace qrag
