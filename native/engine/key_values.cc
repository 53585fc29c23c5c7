// Blocks of keys, [width][16], each followed by its values, [16][width].
#include "key_values.h"

#include <cstring>

namespace qrag {

KeyValues::KeyValues(size_t layers, size_t heads, size_t width, bool keep_all)
    : layers_(layers), heads_(heads), width_(width), storage_(keep_all ? layers : 2) {}

float * KeyValues::own(size_t layer, size_t head, size_t block) {
    return storage_[layer % storage_.size()][(block - first_own_) * heads_ + head].data();
}

void KeyValues::begin(size_t positions, const KeyValues * prefix, size_t shared) {
    prefix_ = prefix;
    shared_ = shared;
    first_own_ = shared / block_positions;
    block_count_ = (positions + block_positions - 1) / block_positions;
    for (auto & blocks : storage_) {
        while (blocks.size() < (block_count_ - first_own_) * heads_) blocks.emplace_back(2 * block_positions * width_);
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
    const size_t tail = shared_ % block_positions;
    for (size_t head = 0; head < heads_ && tail > 0; head++) {
        const float * from = prefix_->blocks(layer, head)[first_own_];
        float * to = own(layer, head, first_own_);
        // Not a float more: other threads are writing the positions that follow in the same block.
        for (size_t d = 0; d < width_; d++) {
            std::memcpy(to + d * block_positions, from + d * block_positions, tail * sizeof(float));
        }
        const size_t values = block_positions * width_;
        std::memcpy(to + values, from + values, tail * width_ * sizeof(float));
    }
}

void KeyValues::set(size_t layer, size_t head, size_t position, const float * key, const float * value) {
    float * block = own(layer, head, position / block_positions);
    const size_t column = position % block_positions;
    for (size_t d = 0; d < width_; d++) block[d * block_positions + column] = key[d];
    std::memcpy(block + (block_positions + column) * width_, value, width_ * sizeof(float));
}

}  // namespace qrag
