// A table without probing: a piece takes the place of another with the same hash.
#include "piece_cache.h"

#include <algorithm>
#include <iterator>

namespace qrag {

namespace {

/** Words follow Zipf's law: a few thousand are nearly all there is. 256 KiB. */
constexpr int known_bits = 12;

}  // namespace

PieceCache::PieceCache() : known_(size_t{1} << known_bits) {}

bool PieceCache::recall(std::string_view piece, Integers & ids) {
    place_ = nullptr;
    if (piece.size() > sizeof(Known::piece)) return false;
    place_ = &known_[hash_(piece) >> (64 - known_bits)];
    if (place_->length != piece.size() || !std::equal(piece.begin(), piece.end(), place_->piece)) return false;
    ids.insert(ids.end(), place_->ids, place_->ids + place_->count);
    return true;
}

void PieceCache::keep(std::string_view piece, const Integers & ids, size_t first) {
    const size_t count = ids.size() - first;
    if (place_ == nullptr || count > std::size(place_->ids)) return;
    place_->length = static_cast<uint8_t>(piece.size());
    place_->count = static_cast<uint8_t>(count);
    std::copy(piece.begin(), piece.end(), place_->piece);
    std::copy_n(ids.begin() + static_cast<ptrdiff_t>(first), count, place_->ids);
}

}  // namespace qrag
