// KeyValues: a sequence's keys and values in blocks of positions, so that other sequences can use those of a common prefix.
#pragma once

#include <cstddef>
#include <vector>

#include "packed.h"

namespace qrag {

class KeyValues {
  public:
    /**
     * With `keep_all` every layer has memory of its own: what a prefix needs. Otherwise two layers take rotations: while
     * a slow thread still reads one layer, a fast one writes the next.
     */
    KeyValues(const KeyValueLayout & layout, size_t layers, size_t heads, size_t width, bool keep_all);

    /** Room for `positions`, of which those below `shared` are the prefix's. What the memory held before stays. */
    void begin(size_t positions, const KeyValues * prefix, size_t shared);

    /** Copies what the prefix has in the one block that it fills in part only. */
    void copy_tail(size_t layer);

    void set(size_t layer, size_t head, size_t position, const float * key, const float * value) {
        layout_.set(own(layer, head, position / layout_.positions), width_, position % layout_.positions, key, value);
    }

    /** The blocks of one head, as Attention wants them. */
    const uint8_t * const * blocks(size_t layer, size_t head) const {
        return pointers_.data() + (layer * heads_ + head) * block_count_;
    }

  private:
    uint8_t * own(size_t layer, size_t head, size_t block) {
        return storage_[layer % storage_.size()][(block - first_own_) * heads_ + head].data();
    }

    const KeyValueLayout & layout_;
    const size_t layers_, heads_, width_;
    size_t block_count_ = 0, first_own_ = 0, shared_ = 0;
    const KeyValues * prefix_ = nullptr;
    std::vector<std::vector<Aligned<uint8_t>>> storage_;  // [layers that have memory][own blocks * heads]
    std::vector<const uint8_t *> pointers_;               // [layers][heads][blocks]
};

}  // namespace qrag
