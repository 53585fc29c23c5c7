// Hashing with numbers drawn anew for every tokenizer: a file cannot be made so that its entries collide.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>

namespace qrag {

class Hash {
  public:
    Hash() {
        std::random_device random;
        const auto draw = [&] { return uint64_t{random()} << 32 | random(); };
        start_ = draw();
        factor_ = draw() | 1;
    }

    /** The upper bits are the good ones. */
    uint64_t operator()(uint64_t key) const { return (key ^ start_) * factor_; }

    uint64_t operator()(std::string_view text) const {
        uint64_t hash = start_ + text.size();
        for (size_t at = 0; at < text.size(); at += 8) {
            uint64_t part = 0;
            std::memcpy(&part, text.data() + at, text.size() - at < 8 ? text.size() - at : 8);
            hash = (hash ^ part) * factor_;
            hash ^= hash >> 29;
        }
        return hash * factor_;
    }

  private:
    uint64_t start_, factor_;
};

/** How far to shift a hash down for a table with room for twice `entries`. */
inline int hash_shift(size_t entries) {
    int bits = 1;
    while ((size_t{1} << bits) < 2 * entries) bits++;
    return 64 - bits;
}

}  // namespace qrag
