// The table of pairs, and merging with a heap in O(n log n): in the end the same as the Rust library's steps.
#include "merges.h"

#include <algorithm>
#include <functional>

namespace qrag {

namespace {

constexpr int rank_bits = 24;

uint64_t pair_of(int32_t left, int32_t right) {
    return static_cast<uint64_t>(left) * id_limit + static_cast<uint64_t>(right);
}

}  // namespace

Merges::Merges(const Integers & merges)
    : shift_(hash_shift(merges.size() / 3)), slots_(size_t{1} << (64 - shift_)) {
    const Table rows(merges, 3, "merges");
    if (rows.size() >= size_t{1} << rank_bits) throw bad_description("there are too many merges");
    joined_.reserve(rows.size());
    for (size_t rank = 0; rank < rows.size(); rank++) {
        for (int i = 0; i < 3; i++) checked_id(rows[rank][i]);
        const uint64_t pair = pair_of(rows[rank][0], rows[rank][1]);
        size_t slot = hash_(pair) >> shift_;
        while (slots_[slot] != 0 && slots_[slot] >> rank_bits != pair) slot = slot + 1 == slots_.size() ? 0 : slot + 1;
        slots_[slot] = pair << rank_bits | (rank + 1);  // of two entries for one pair the later counts
        joined_.push_back(rows[rank][2]);
    }
}

int32_t Merges::rank_of(int32_t left, int32_t right) const {
    const uint64_t pair = pair_of(left, right);
    for (size_t slot = hash_(pair) >> shift_; slots_[slot] != 0; slot = slot + 1 == slots_.size() ? 0 : slot + 1) {
        if (slots_[slot] >> rank_bits == pair) {
            return static_cast<int32_t>(slots_[slot] & ((1u << rank_bits) - 1)) - 1;
        }
    }
    return -1;
}

void Merges::offer(int32_t left, int32_t right) {
    const int32_t rank = rank_of(symbols_[static_cast<size_t>(left)].id, symbols_[static_cast<size_t>(right)].id);
    if (rank < 0) return;
    queue_.push_back(static_cast<uint64_t>(rank) << 32 | static_cast<uint64_t>(left));
    std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
}

void Merges::apply(Integers & ids, size_t first) {
    const auto count = static_cast<int32_t>(ids.size() - first);
    if (count < 2) return;
    symbols_.clear();
    for (int32_t i = 0; i < count; i++) {
        symbols_.push_back({ids[first + static_cast<size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1});
    }
    queue_.clear();
    for (int32_t i = 0; i + 1 < count; i++) offer(i, i + 1);
    while (!queue_.empty()) {
        const uint64_t top = queue_.front();
        std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
        queue_.pop_back();
        const auto position = static_cast<int32_t>(top & UINT32_MAX);
        Symbol & left = symbols_[static_cast<size_t>(position)];
        if (left.id < 0 || left.next < 0) continue;
        Symbol & right = symbols_[static_cast<size_t>(left.next)];
        // The pair that was queued may have changed since; what counts is that it would still become the same token.
        const int32_t id = joined_[top >> 32];
        const int32_t rank = rank_of(left.id, right.id);
        if (rank < 0 || joined_[static_cast<size_t>(rank)] != id) continue;
        left.id = id;
        left.next = right.next;
        right.id = -1;
        if (left.next >= 0) {
            symbols_[static_cast<size_t>(left.next)].previous = position;
            offer(position, left.next);
        }
        if (left.previous >= 0) offer(left.previous, position);
    }
    ids.resize(first);
    for (int32_t i = 0; i >= 0; i = symbols_[static_cast<size_t>(i)].next) {
        ids.push_back(symbols_[static_cast<size_t>(i)].id);
    }
}

}  // namespace qrag
