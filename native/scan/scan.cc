// The scan: ranges of rows shared among threads, the best of each thread put together.
#include "scan.h"

#include <mutex>

#include "../error.h"
#include "best.h"
#include "ranges.h"
#include "threads.h"

namespace qrag {

namespace {

/** So many results of a kernel fit the first cache, and a call of it costs nothing beside them. */
constexpr size_t block_rows = 256;

struct Scan {
    const Kernels & kernels;
    const Query & query;
    const std::vector<Segment> & segments;
    const std::atomic<bool> & stopped;

    /** Nothing but multiplications of doubles, which every processor rounds alike. */
    double score(const Segment & segment, size_t row, int32_t product) const {
        return static_cast<double>(product) * static_cast<double>(segment.scales[row]) * query.scale;
    }

    void check_running() const {
        if (stopped) throw Error(Code::disposed, "the scan was stopped");
    }
};

/** The best `count` rows of all, in any order. `add_block(range, first, count, best)` offers a block's rows to a thread's best. */
template <typename AddBlock>
std::vector<Scored> best_rows(const Scan & scan, size_t row_bytes, size_t count, size_t threads, AddBlock add_block) {
    const std::vector<Range> ranges = ranges_of(scan.segments, row_bytes);
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::vector<Scored> all;
    on_threads(std::min(threads, ranges.size()), [&] {
        Best best(count);
        for (size_t i = next++; i < ranges.size(); i = next++) {
            for_each_block(ranges[i], block_rows, [&](size_t first, size_t rows) {
                scan.check_running();
                add_block(ranges[i], first, rows, best);
            });
        }
        const std::vector<Scored> & mine = best.cut();
        const std::lock_guard<std::mutex> lock(mutex);
        all.insert(all.end(), mine.begin(), mine.end());
    });
    if (all.size() > count) {
        std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), better);
        all.resize(count);
    }
    return all;
}

/** Rows by their scores in int8. */
std::vector<Scored> best_products(const Scan & scan, const Wanted & wanted) {
    const size_t dimensions = scan.query.vector.size();
    return best_rows(scan, dimensions, wanted.count, wanted.threads, [&](const Range & range, size_t first, size_t rows, Best & best) {
        const Segment & segment = *range.segment;
        int32_t products[block_rows];
        scan.kernels.row_products(scan.query.vector.data(), segment.vectors + first * dimensions, rows, dimensions, products);
        for (size_t i = 0; i < rows; i++) {
            const double score = scan.score(segment, first + i, products[i]);
            if (best.takes(score) && !skipped(segment, first + i)) best.add({score, range.base + first + i});
        }
    });
}

/** Rows whose bits are most like the query's. */
std::vector<Scored> best_bits(const Scan & scan, const Wanted & wanted) {
    const size_t bytes = scan.query.bits.size();
    return best_rows(scan, bytes, wanted.candidates, wanted.threads, [&](const Range & range, size_t first, size_t rows, Best & best) {
        const Segment & segment = *range.segment;
        int32_t distances[block_rows];
        scan.kernels.bit_distances(scan.query.bits.data(), segment.bits + first * bytes, rows, bytes, distances);
        for (size_t i = 0; i < rows; i++) {
            const double score = -static_cast<double>(distances[i]);
            if (best.takes(score) && !skipped(segment, first + i)) best.add({score, range.base + first + i});
        }
    });
}

/** Finds rows by their position among all. */
class Places {
  public:
    explicit Places(const std::vector<Segment> & segments) {
        for (const Segment & segment : segments) ends_.push_back(end() + segment.rows);
    }

    Hit operator()(const Scored & scored) const {
        const auto after = std::upper_bound(ends_.begin(), ends_.end(), scored.position);
        const auto segment = static_cast<size_t>(after - ends_.begin());
        return {segment, scored.position - (segment == 0 ? 0 : ends_[segment - 1]), scored.score};
    }

  private:
    size_t end() const { return ends_.empty() ? 0 : ends_.back(); }

    std::vector<size_t> ends_;  // of each segment
};

/** The best of the candidates by their scores in int8: few rows, far apart. */
std::vector<Scored> rescored(const Scan & scan, const Places & place, std::vector<Scored> candidates, size_t count) {
    const size_t dimensions = scan.query.vector.size();
    const auto earlier = [](const Scored & a, const Scored & b) { return a.position < b.position; };
    std::sort(candidates.begin(), candidates.end(), earlier);
    Best best(count);
    for (const Scored & candidate : candidates) {
        const Hit hit = place(candidate);
        const Segment & segment = scan.segments[hit.segment];
        int32_t product;
        scan.kernels.row_products(scan.query.vector.data(), segment.vectors + hit.row * dimensions, 1, dimensions, &product);
        const double score = scan.score(segment, hit.row, product);
        if (best.takes(score)) best.add({score, candidate.position});
    }
    return std::move(best.cut());
}

}  // namespace

std::vector<Hit> nearest(const Kernels & kernels, const Query & query, const std::vector<Segment> & segments,
                         const Wanted & wanted, const std::atomic<bool> & stopped) {
    const Scan scan{kernels, query, segments, stopped};
    const Places place(segments);
    std::vector<Scored> best = wanted.candidates == 0 ? best_products(scan, wanted)
                                                      : rescored(scan, place, best_bits(scan, wanted), wanted.count);
    std::sort(best.begin(), best.end(), better);
    std::vector<Hit> hits;
    hits.reserve(best.size());
    for (const Scored & scored : best) hits.push_back(place(scored));
    return hits;
}

}  // namespace qrag
