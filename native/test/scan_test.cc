// Scanning vectors, with every kernel set this machine runs, against plain loops.
#include "../scan/scan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "../kernels/dispatch.h"
#include "check.h"

using namespace qrag;
using namespace qrag::test;

namespace {

/** Calls body(kernels) for every usable set; the scan needs no begin_thread. */
template <typename Body>
void for_each_kernels(Body body) {
    for (const Kernels * kernels : usable_kernels()) body(*kernels);
}

/** Segments with memory of their own, of random rows; exactly as large as they have to be, for the sanitizers' sake. */
class Store {
  public:
    Store(size_t dimensions, const std::vector<size_t> & rows, unsigned seed, int different = 256)
        : dimensions_(dimensions), random_(seed) {
        for (const size_t count : rows) {
            const size_t bytes = count * bytes_of_bits(dimensions);
            Memory memory{std::vector<int8_t>(count * dimensions), std::vector<float>(count), std::vector<uint8_t>(bytes), {}};
            for (int8_t & each : memory.vectors) each = static_cast<int8_t>(number(different) - different / 2);
            for (float & each : memory.scales) each = 0.25f * static_cast<float>(1 + number(4));
            for (uint8_t & each : memory.bits) each = static_cast<uint8_t>(number(256));
            memory_.push_back(std::move(memory));
        }
    }

    /** One row in `of` is kept, or runs of rows where the number is negative. */
    void skip_all_but(int of) {
        for (Memory & memory : memory_) {
            memory.skip = std::vector<uint8_t>(bytes_of_bits(memory.scales.size()), 0xff);
            for (size_t row = 0; row < memory.scales.size(); row++) {
                const bool kept = of > 0 ? number(of) == 0 : row / 50 % static_cast<size_t>(-of) == 0;
                if (kept) memory.skip[row / 8] = static_cast<uint8_t>(memory.skip[row / 8] & ~(1 << row % 8));
            }
        }
    }

    std::vector<float> & scales(size_t segment) { return memory_[segment].scales; }

    std::vector<Segment> segments() const {
        std::vector<Segment> result;
        for (const Memory & m : memory_) {
            result.push_back({m.vectors.data(), m.scales.data(), m.bits.data(), m.skip.empty() ? nullptr : m.skip.data(), m.scales.size()});
        }
        return result;
    }

    Query query() {
        Query query{{}, 0.01, {}};
        for (size_t i = 0; i < dimensions_; i++) query.vector.push_back(static_cast<int8_t>(number(255) - 127));
        for (size_t i = 0; i < bytes_of_bits(dimensions_); i++) query.bits.push_back(static_cast<uint8_t>(number(256)));
        return query;
    }

  private:
    struct Memory {
        std::vector<int8_t> vectors;
        std::vector<float> scales;
        std::vector<uint8_t> bits, skip;
    };

    int number(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

    size_t dimensions_;
    std::mt19937 random_;
    std::vector<Memory> memory_;
};

int differing_bits(const uint8_t * a, const uint8_t * b, size_t bytes) {
    int count = 0;
    for (size_t bit = 0; bit < bytes * 8; bit++) count += (a[bit / 8] ^ b[bit / 8]) >> bit % 8 & 1;
    return count;
}

double plain_score(const Query & query, const Segment & segment, size_t row) {
    int64_t product = 0;
    for (size_t i = 0; i < query.vector.size(); i++) product += query.vector[i] * segment.vectors[row * query.vector.size() + i];
    return static_cast<double>(product) * static_cast<double>(segment.scales[row]) * query.scale;
}

/** All hits sorted, the first kept: what nearest() must give. */
std::vector<Hit> plain_nearest(const Query & query, const std::vector<Segment> & segments, size_t count, size_t candidates) {
    std::vector<Hit> hits;
    for (size_t s = 0; s < segments.size(); s++) {
        for (size_t row = 0; row < segments[s].rows; row++) {
            if (segments[s].skip != nullptr && (segments[s].skip[row / 8] >> row % 8 & 1) != 0) continue;
            const size_t bytes = query.bits.size();
            const double score = candidates > 0 ? -differing_bits(query.bits.data(), segments[s].bits + row * bytes, bytes)
                                                : plain_score(query, segments[s], row);
            hits.push_back({s, row, score});
        }
    }
    const auto not_a_number = [](const Hit & hit) { return std::isnan(hit.score); };
    hits.erase(std::remove_if(hits.begin(), hits.end(), not_a_number), hits.end());
    const auto higher = [](const Hit & a, const Hit & b) { return a.score > b.score; };
    std::stable_sort(hits.begin(), hits.end(), higher);
    if (candidates > 0) {
        hits.resize(std::min(hits.size(), candidates));
        const auto earlier = [](const Hit & a, const Hit & b) { return a.segment != b.segment ? a.segment < b.segment : a.row < b.row; };
        std::sort(hits.begin(), hits.end(), earlier);
        for (Hit & hit : hits) hit.score = plain_score(query, segments[hit.segment], hit.row);
        hits.erase(std::remove_if(hits.begin(), hits.end(), not_a_number), hits.end());
        std::stable_sort(hits.begin(), hits.end(), higher);
    }
    hits.resize(std::min(hits.size(), count));
    return hits;
}

void check_same(const std::vector<Hit> & actual, const std::vector<Hit> & expected, const std::string & what) {
    check(actual.size() == expected.size(), what + ": " + std::to_string(actual.size()) + " hits of " + std::to_string(expected.size()));
    for (size_t i = 0; i < actual.size(); i++) {
        const bool same = actual[i].segment == expected[i].segment && actual[i].row == expected[i].row && actual[i].score == expected[i].score;
        check(same, what + ": hit " + std::to_string(i));
    }
}

const std::atomic<bool> running{false};

/** With every kernel set and several numbers of threads. */
void compare(Store & store, const std::string & what, size_t count, size_t candidates = 0) {
    const Query query = store.query();
    const std::vector<Segment> segments = store.segments();
    const std::vector<Hit> expected = plain_nearest(query, segments, count, candidates);
    for_each_kernels([&](const Kernels & kernels) {
        for (const size_t threads : {1, 2, 5}) {
            check_same(nearest(kernels, query, segments, {count, candidates, threads}, running), expected,
                       what + ", " + kernels.name + ", " + std::to_string(threads) + " threads");
        }
    });
}

void compare_products(size_t dimensions, const std::vector<int8_t> & query, const std::vector<int8_t> & rows) {
    const size_t count = rows.size() / dimensions;
    for_each_kernels([&](const Kernels & kernels) {
        std::vector<int32_t> products(count);
        kernels.row_products(query.data(), rows.data(), count, dimensions, products.data());
        for (size_t r = 0; r < count; r++) {
            int64_t expected = 0;
            for (size_t i = 0; i < dimensions; i++) expected += query[i] * rows[r * dimensions + i];
            check(products[r] == expected, std::string(kernels.name) + ": row " + std::to_string(r) + " of " + std::to_string(dimensions) + " dimensions");
        }
    });
}

}  // namespace

QRAG_TEST(row_products_are_exact_in_any_number_of_dimensions) {
    std::mt19937 random(1);
    std::vector<size_t> sizes{383, 384, 385, 1000, 1024, 4099};
    for (size_t dimensions = 1; dimensions <= 200; dimensions++) sizes.push_back(dimensions);
    for (const size_t dimensions : sizes) {
        std::vector<int8_t> query(dimensions), rows(5 * dimensions);
        for (int8_t & each : query) each = static_cast<int8_t>(static_cast<int>(random() % 255) - 127);
        for (int8_t & each : rows) each = static_cast<int8_t>(random());
        compare_products(dimensions, query, rows);
        compare_products(dimensions, query, {});
    }
}

QRAG_TEST(row_products_of_extreme_numbers_do_not_saturate) {
    for (const size_t dimensions : {size_t{100}, max_scan_dimensions}) {
        for (const int a : {-127, 127}) {
            for (const int b : {-128, 127}) {
                std::vector<int8_t> query(dimensions, static_cast<int8_t>(a)), rows(3 * dimensions, static_cast<int8_t>(b));
                compare_products(dimensions, query, rows);
                for (size_t i = 0; i < rows.size(); i += 2) rows[i] = static_cast<int8_t>(-1 - b);
                compare_products(dimensions, query, rows);
            }
        }
    }
}

QRAG_TEST(bit_distances_are_counted_over_any_number_of_bytes) {
    std::mt19937 random(2);
    std::vector<size_t> sizes{125, 128, max_scan_dimensions / 8};
    for (size_t bytes = 1; bytes <= 70; bytes++) sizes.push_back(bytes);
    for (const size_t bytes : sizes) {
        std::vector<uint8_t> query(bytes), rows(5 * bytes);
        for (uint8_t & each : query) each = static_cast<uint8_t>(random());
        for (uint8_t & each : rows) each = static_cast<uint8_t>(random());
        for (size_t i = 0; i < bytes; i++) rows[i] = static_cast<uint8_t>(~query[i]);  // as many as there can be
        for_each_kernels([&](const Kernels & kernels) {
            std::vector<int32_t> distances(5);
            kernels.bit_distances(query.data(), rows.data(), 5, bytes, distances.data());
            for (size_t r = 0; r < 5; r++) {
                check(distances[r] == differing_bits(query.data(), rows.data() + r * bytes, bytes),
                      std::string(kernels.name) + ": row " + std::to_string(r) + " of " + std::to_string(bytes) + " bytes");
            }
        });
    }
}

QRAG_TEST(the_nearest_are_those_of_plain_loops) {
    Store store(384, {3000, 0, 1, 5000, 7}, 3);
    for (const size_t count : {1, 10, 300}) compare(store, "all rows", count);
    for (const size_t candidates : {10, 100, 5000}) compare(store, "bits", 10, candidates);
    compare(store, "more than there are", 20000);
    compare(store, "more candidates than there are", 10, 20000);
    Store odd(77, {1234, 4321}, 4);
    compare(odd, "77 dimensions", 10);
    compare(odd, "bits of 77 dimensions", 10, 50);
}

QRAG_TEST(of_equal_scores_the_first_rows_win) {
    Store store(3, {40000, 30000, 9}, 5, /*different=*/3);
    for (const size_t count : {1, 7, 1000}) compare(store, "ties", count);
    compare(store, "ties of bits", 50, 300);
}

QRAG_TEST(skipped_rows_are_left_out) {
    for (const int of : {1, 2, 30, 500, -2, -9}) {
        Store store(40, {3001, 1, 20000}, 6);
        store.skip_all_but(of);
        compare(store, "one in " + std::to_string(of), 20);
        compare(store, "bits, one in " + std::to_string(of), 20, 100);
    }
    Store none(40, {100, 8, 3}, 7);
    none.skip_all_but(1000000);
    compare(none, "none", 5);
    compare(none, "none by bits", 5, 50);
}

QRAG_TEST(nothing_to_scan_gives_nothing) {
    Store empty(8, {0, 0}, 8), none(8, {}, 9);
    compare(empty, "empty segments", 3);
    compare(none, "no segments", 3);
    compare(none, "no segments, bits", 3, 9);
}

QRAG_TEST(a_scale_that_is_not_a_number_hides_its_row) {
    Store store(16, {2000}, 10);
    for (size_t row = 0; row < 2000; row += 3) store.scales(0)[row] = std::numeric_limits<float>::quiet_NaN();
    compare(store, "not a number", 2000);
    compare(store, "not a number, bits", 50, 100);
}

QRAG_TEST(a_stopped_scan_throws) {
    Store store(64, {100000}, 11);
    const std::atomic<bool> stopped{true};
    const Query query = store.query();
    const std::vector<Segment> segments = store.segments();
    for (const size_t candidates : {0, 100}) {
        check_throws(Code::disposed, "stopped", [&] { nearest(portable_kernels, query, segments, {10, candidates, 3}, stopped); });
    }
}
