// Packing: a row is quantized with its own scale and spread over its panel; a 4-bit row keeps its nibbles.
#include "packed.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#if !defined(_WIN32)
#include <sys/mman.h>
#endif

#include "ggml.h"

namespace qrag {

namespace {

constexpr size_t alignment = 64;

/**
 * From so many bytes on, memory comes from the system and goes straight back. glibc's malloc would do so with the first
 * model only: after freeing pieces of this size it takes them for short-lived, and keeps them.
 */
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t large = SIZE_MAX;  // the sanitizer watches malloc's memory only
#else
constexpr size_t large = 128 * 1024;
#endif

/** Zeros; null if there is no memory. */
void * allocate(size_t bytes) {
#if defined(_WIN32)
    void * data = _aligned_malloc(bytes, alignment);
#else
    if (bytes >= large) {
        void * pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return pages == MAP_FAILED ? nullptr : pages;
    }
    void * data = std::aligned_alloc(alignment, bytes);
#endif
    if (data != nullptr) std::memset(data, 0, bytes);
    return data;
}

void release(void * data, size_t bytes) {
#if defined(_WIN32)
    _aligned_free(data);
#else
    if (bytes >= large) munmap(data, bytes);
    else std::free(data);
#endif
}

/** Unpacked panels that are multiplied by before the next ones: they share the second cache with the rows. */
constexpr size_t bytes_at_once = 64 * 1024;

/** Hyperparameters below this are zeros that rounding left behind; their inverse would be infinite. */
constexpr float smallest = 1e-30f;

/** What rounding adds to a weight at most: half a step, and for nibbles eight times half a 256th. */
constexpr float rounding = 0.5f + 4.0f / 256;

/** The most that the weights of one sign add up to among those whose products are summed in 16 bits. */
float largest_short_sum(const std::vector<float> & weights) {
    float most = 0;
    for (size_t eight = 0; eight < weights.size(); eight += 8) {
        float above[2] = {}, below[2] = {};
        for (size_t i = eight; i < std::min(eight + 8, weights.size()); i++) {
            above[i / 2 % 2] += std::max(weights[i], 0.0f);
            below[i / 2 % 2] += std::max(-weights[i], 0.0f);
        }
        most = std::max({most, above[0], above[1], below[0], below[1]});
    }
    return most;
}

int32_t rounded(float value) {
    // 1.5 * 2^23 rounds to the nearest integer; unlike lrintf it does so for several numbers at once.
    const float shifted = value + 12582912.0f;
    int32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    return bits - 0x4b400000;
}

}  // namespace

template <typename T>
Aligned<T>::Aligned(size_t count) : size_(count) {
    const size_t bytes = round_up(count * sizeof(T), alignment);
    data_ = {static_cast<T *>(allocate(bytes)), Free{bytes}};
    if (!data_) throw std::bad_alloc();
}

template <typename T>
void Aligned<T>::Free::operator()(T * data) const {
    release(data, bytes);
}

template class Aligned<int8_t>;
template class Aligned<uint8_t>;
template class Aligned<int16_t>;
template class Aligned<float>;
template class Aligned<int32_t>;

void SourceRow::read(const ggml_tensor * tensor, int64_t row) {
    values.resize(static_cast<size_t>(tensor->ne[0]));
    steps.clear();
    const char * bytes = static_cast<const char *>(tensor->data) + row * static_cast<int64_t>(tensor->nb[1]);
    if (tensor->type == GGML_TYPE_F32) {
        std::memcpy(values.data(), bytes, values.size() * sizeof(float));
        return;
    }
    ggml_get_type_traits(tensor->type)->to_float(bytes, values.data(), tensor->ne[0]);
    if (tensor->type != GGML_TYPE_Q4_0) return;
    for (size_t group = 0; group < values.size() / nibble_group; group++) {
        ggml_fp16_t step;  // the first bytes of each block
        std::memcpy(&step, bytes + group * ggml_type_size(GGML_TYPE_Q4_0), sizeof step);
        steps.push_back(ggml_fp16_to_fp32(step));
    }
}

Packed::Packed(size_t inputs, size_t channels, bool four_bit, bool short_sums)
    : inputs_(round_up(inputs, input_step)), short_sums_(short_sums) {
    channels = round_up(channels, panel_channels);
    scales_ = Aligned<float>(channels);
    sums_ = Aligned<int32_t>(channels);
    if (four_bit) {
        nibbles_ = Aligned<uint8_t>(inputs_ * channels / 2);
        multipliers_ = Aligned<int16_t>(inputs_ * channels / nibble_group);
    } else {
        data_ = Aligned<int8_t>(inputs_ * channels);
    }
}

void Packed::set(size_t channel, const SourceRow & row, float factor) {
    float most = 0, limit = max_weight;
    for (const float value : row.values) most = std::max(most, std::fabs(value));
    if (short_sums_) {
        const float sum = largest_short_sum(row.values), short_limit = max_short_sum - 4 * rounding;
        if (sum / short_limit > most / limit) most = sum, limit = short_limit;
    }
    const float inverse = most > smallest ? limit / most : 0.0f;
    scales_[channel] = most / limit * factor;
    sums_[channel] = nibbles_.size() > 0 ? set_nibbles(channel, row, inverse) : set_bytes(channel, row, inverse);
}

void Packed::set_bias(size_t channel, float bias) {
    if (biases_.size() == 0) biases_ = Aligned<float>(channels());
    biases_[channel] = bias;
}

int32_t Packed::set_bytes(size_t channel, const SourceRow & row, float inverse) {
    int8_t * panel = data_.data() + channel / panel_channels * panel_channels * inputs_ + channel % panel_channels * 4;
    int32_t sum = 0;
    for (size_t i = 0; i < row.values.size(); i++) {
        const int32_t value = rounded(row.values[i] * inverse);
        panel[i / 4 * 4 * panel_channels + i % 4] = static_cast<int8_t>(value);
        sum += value;
    }
    return sum;
}

int32_t Packed::set_nibbles(size_t channel, const SourceRow & row, float inverse) {
    const size_t panel = channel / panel_channels, groups = inputs_ / nibble_group;
    uint8_t * bytes = nibbles_.data() + panel * panel_channels * inputs_ / 2 + channel % panel_channels * 4;
    int16_t * multipliers = multipliers_.data() + panel * groups * panel_channels + channel % panel_channels;
    int32_t sum = 0;
    for (size_t group = 0; group < row.steps.size(); group++) {
        const float * values = row.values.data() + group * nibble_group;
        const float step = row.steps[group];
        const bool zero = std::all_of(values, values + nibble_group, [](float value) { return value == 0; });
        // Where a value is not 0 its nibble is not either, so the multiplier stays below 128 * 256.
        const int32_t multiplier = zero ? 0 : rounded(step * inverse * 256.0f);
        multipliers[group * panel_channels] = static_cast<int16_t>(multiplier);
        for (size_t i = 0; i < nibble_group; i++) {
            const int32_t nibble = zero ? 0 : rounded(values[i] / step);
            const size_t line = (group * nibble_group + i) / 4;
            bytes[line / 2 * 4 * panel_channels + i % 4] |= static_cast<uint8_t>((nibble + 8) << (line % 2 * 4));
            sum += (nibble * multiplier + 128) >> 8;
        }
    }
    return sum;
}

size_t Packed::channels_at_once() const {
    if (nibbles_.size() == 0) return channels();
    // Kernels take panels in twos.
    const size_t twice = 2 * panel_channels;
    return std::min(channels(), std::max(twice, bytes_at_once / inputs_ / twice * twice));
}

Panels Packed::panels(size_t first, size_t last, const Kernels & kernels, int8_t * unpacked) const {
    const int8_t * data = data_.data() + first * inputs_;
    if (nibbles_.size() > 0) {
        kernels.unpack({nibbles_.data(), multipliers_.data(), inputs_}, first / panel_channels,
                       (last - first) / panel_channels, unpacked);
        data = unpacked;
    }
    const float * biases = biases_.size() == 0 ? nullptr : biases_.data() + first;
    return {data, scales_.data() + first, sums_.data() + first, inputs_, last - first, biases};
}

}  // namespace qrag
