// Ranges: the rows of all segments, cut into what a thread takes at a time.
#pragma once

#include <algorithm>
#include <vector>

#include "scan.h"

namespace qrag {

/** Rows first .. end - 1 of a segment. `first` is a multiple of 8, for the sake of the bits in `skip`. */
struct Range {
    const Segment * segment;
    size_t first, end;
    size_t base;  // the position of the segment's row 0 among all rows
};

/** In the order of rows, each of about half a megabyte where a row has so many bytes. */
std::vector<Range> ranges_of(const std::vector<Segment> & segments, size_t row_bytes);

inline bool skipped(const Segment & segment, size_t row) {
    return segment.skip != nullptr && (segment.skip[row / 8] >> row % 8 & 1) != 0;
}

/** Calls body(first, count) for rows of a range, up to `most`, a multiple of 8, at a time; eight that are all skipped are left out. */
template <typename Body>
void for_each_block(const Range & range, size_t most, Body body) {
    const uint8_t * skip = range.segment->skip;
    const auto all_skipped = [skip](size_t row) { return skip != nullptr && skip[row / 8] == 0xff; };
    size_t first = range.first;
    while (first < range.end) {
        size_t end = first;
        while (end < range.end && end - first < most && !all_skipped(end)) end += 8;
        if (end > first) body(first, std::min(end, range.end) - first);
        first = end;
        while (first < range.end && all_skipped(first)) first += 8;
    }
}

}  // namespace qrag
