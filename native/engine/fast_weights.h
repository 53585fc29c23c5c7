// FastWeights: a model's matrices in the kernels' own order, int8 with a scale per output channel.
#pragma once

#include <memory>
#include <vector>

#include "../kernels/kernels.h"
#include "numbers.h"
#include "tensor_table.h"

namespace qrag {

inline size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

/** Memory the kernels may read with aligned loads. */
template <typename T>
class Aligned {
  public:
    Aligned() = default;
    explicit Aligned(size_t count);
    T * data() { return data_.get(); }
    const T * data() const { return data_.get(); }
    size_t size() const { return size_; }
    T & operator[](size_t i) { return data_.get()[i]; }
    const T & operator[](size_t i) const { return data_.get()[i]; }

  private:
    struct Free {
        void operator()(T * data) const;
    };
    std::unique_ptr<T[], Free> data_;
    size_t size_ = 0;
};

extern template class Aligned<int8_t>;
extern template class Aligned<uint8_t>;
extern template class Aligned<float>;
extern template class Aligned<int32_t>;

/** A matrix the kernels multiply by. */
class Packed {
  public:
    Packed() = default;
    Packed(size_t inputs, size_t channels);

    /** Sets output channel `channel` from `count` weights, times `factor`. */
    void set(size_t channel, const float * weights, size_t count, float factor = 1.0f);

    Panels panels() const { return panels(0, scales_.size()); }
    /** A run of channels, both ends multiples of 16. */
    Panels panels(size_t first, size_t last) const;

  private:
    size_t inputs_ = 0;
    Aligned<int8_t> data_;
    Aligned<float> scales_;
    Aligned<int32_t> sums_;
};

struct FastBlock {
    std::vector<float> attn_norm, ffn_norm;
    Packed qkv;        // query heads (scaled, evens before odds in what RoPE turns), key heads (likewise), value heads
    Packed output;     // heads of padded width -> embedding
    Packed gate_up;    // panels alternate gate, up
    Packed down;
};

struct FastWeights {
    FastWeights(const Numbers & numbers, const Shared & shared, const std::vector<Block> & blocks);

    // Lengths padded to whole panels: of a head, of the residual stream, of the feed-forward's inside.
    size_t width, embedding, feed_forward;
    std::vector<FastBlock> blocks;
    std::vector<float> output_norm;
    std::vector<float> decision;     // [decision][embedding_length]
    std::vector<double> frequencies; // [rope_half]: the angle a pair turns by from position to position
};

}  // namespace qrag
