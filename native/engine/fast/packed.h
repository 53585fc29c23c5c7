// Packed: a matrix in the kernels' own order, in int8 with a scale per output channel, or in nibbles unpacked on use.
#pragma once

#include <memory>
#include <vector>

#include "../../kernels/kernels.h"

struct ggml_tensor;

namespace qrag {

inline size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

/**
 * Bytes from one quantized row to the next: an odd number of cache lines. Rows that are read side by side would share few
 * of the first cache's sets otherwise.
 */
inline size_t quantized_stride(size_t inputs) { return inputs | 64; }

/** Memory the kernels may read with aligned loads, all zeros at first. */
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
        size_t bytes = 0;
        void operator()(T * data) const;
    };
    std::unique_ptr<T[], Free> data_;
    size_t size_ = 0;
};

extern template class Aligned<int8_t>;
extern template class Aligned<uint8_t>;
extern template class Aligned<int16_t>;
extern template class Aligned<float>;
extern template class Aligned<int32_t>;

/** One row of a matrix as its file has it. */
struct SourceRow {
    std::vector<float> values;
    std::vector<float> steps;  // of 4-bit rows: what each 32 values are multiples of, -8 to 7 times; otherwise empty

    void read(const ggml_tensor * tensor, int64_t row);
};

class Packed {
  public:
    Packed() = default;
    /** `four_bit`: every row has steps. `short_sums`: as the kernels say. */
    Packed(size_t inputs, size_t channels, bool four_bit, bool short_sums);

    /** Sets output channel `channel` from a row, times `factor`. */
    void set(size_t channel, const SourceRow & row, float factor = 1.0f);
    /** What is added to a channel's products. */
    void set_bias(size_t channel, float bias);

    size_t inputs() const { return inputs_; }
    size_t channels() const { return scales_.size(); }

    /** Channels to ask for together, and the bytes that unpacking them takes. */
    size_t channels_at_once() const;
    size_t unpacked_bytes() const { return nibbles_.size() == 0 ? 0 : channels_at_once() * inputs_; }

    /** A run of channels, both ends multiples of 16; nibbles are unpacked into `unpacked` first. */
    Panels panels(size_t first, size_t last, const Kernels & kernels, int8_t * unpacked) const;

  private:
    int32_t set_bytes(size_t channel, const SourceRow & row, float inverse);
    int32_t set_nibbles(size_t channel, const SourceRow & row, float inverse);

    size_t inputs_ = 0;
    bool short_sums_ = false;
    Aligned<int8_t> data_;  // either these, or the two after it
    Aligned<uint8_t> nibbles_;
    Aligned<int16_t> multipliers_;
    Aligned<float> scales_;
    Aligned<int32_t> sums_;
    Aligned<float> biases_;  // taken when the first one is set
};

}  // namespace qrag
