// How large a range is: small enough that all threads end together, large enough that taking one costs nothing.
#include "ranges.h"

namespace qrag {

namespace {

constexpr size_t range_bytes = 512 * 1024;

}  // namespace

std::vector<Range> ranges_of(const std::vector<Segment> & segments, size_t row_bytes) {
    const size_t step = std::max<size_t>(8, range_bytes / row_bytes / 8 * 8);
    std::vector<Range> ranges;
    size_t base = 0;
    for (const Segment & segment : segments) {
        for (size_t first = 0; first < segment.rows; first += step) {
            ranges.push_back({&segment, first, std::min(first + step, segment.rows), base});
        }
        base += segment.rows;
    }
    return ranges;
}

}  // namespace qrag
