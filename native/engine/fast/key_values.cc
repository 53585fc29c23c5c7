// Which block lies where: the prefix's own, shared by pointer, then the sequence's.
#include "key_values.h"

namespace qrag {

KeyValues::KeyValues(const KeyValueLayout & layout, size_t layers, size_t heads, size_t width, bool keep_all)
    : layout_(layout), layers_(layers), heads_(heads), width_(width), storage_(keep_all ? layers : 2) {}

void KeyValues::begin(size_t positions, const KeyValues * prefix, size_t shared) {
    prefix_ = prefix;
    shared_ = shared;
    first_own_ = shared / layout_.positions;
    block_count_ = (positions + layout_.positions - 1) / layout_.positions;
    for (auto & blocks : storage_) {
        while (blocks.size() < (block_count_ - first_own_) * heads_) blocks.emplace_back(layout_.bytes(width_));
    }
    pointers_.clear();
    for (size_t layer = 0; layer < layers_; layer++) {
        for (size_t head = 0; head < heads_; head++) {
            for (size_t block = 0; block < block_count_; block++) {
                pointers_.push_back(block < first_own_ ? prefix->blocks(layer, head)[block] : own(layer, head, block));
            }
        }
    }
}

void KeyValues::copy_tail(size_t layer) {
    const size_t tail = shared_ % layout_.positions;
    for (size_t head = 0; head < heads_ && tail > 0; head++) {
        // Not a column more: other threads are writing the positions that follow in the same block.
        layout_.copy(own(layer, head, first_own_), prefix_->blocks(layer, head)[first_own_], width_, tail);
    }
}

}  // namespace qrag
