// Repacking: read a row of ggml's, quantize it with its own scale, spread it over its panel.
#include "fast_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "ggml.h"

namespace qrag {

namespace {

constexpr size_t alignment = 64;

/** Row `row` of a weight matrix or vector as floats. */
void read_row(const ggml_tensor * tensor, int64_t row, std::vector<float> & out) {
    out.resize(static_cast<size_t>(tensor->ne[0]));
    const char * bytes = static_cast<const char *>(tensor->data) + row * static_cast<int64_t>(tensor->nb[1]);
    if (tensor->type == GGML_TYPE_F32) {
        std::memcpy(out.data(), bytes, out.size() * sizeof(float));
    } else {
        ggml_get_type_traits(tensor->type)->to_float(bytes, out.data(), tensor->ne[0]);
    }
}

std::vector<float> read_vector(const ggml_tensor * tensor) {
    std::vector<float> values;
    read_row(tensor, 0, values);
    return values;
}

/** Where dimension `d` of a head goes: what RoPE turns has its even dimensions before its odd ones. */
size_t turned_place(size_t d, const Numbers & numbers) {
    const auto turned = static_cast<size_t>(numbers.rope_dimension_count);
    if (d >= turned) return d;
    return d % 2 == 0 ? d / 2 : turned / 2 + d / 2;
}

Packed pack_qkv(const Numbers & numbers, const Block & block, size_t width) {
    const auto heads = static_cast<size_t>(numbers.head_count), heads_kv = static_cast<size_t>(numbers.head_count_kv);
    const auto length = static_cast<size_t>(numbers.key_length);
    Packed packed(static_cast<size_t>(numbers.embedding_length), (heads + 2 * heads_kv) * width);
    std::vector<float> row;
    const auto add = [&](const ggml_tensor * tensor, size_t count, size_t first, bool turned, float factor) {
        for (size_t i = 0; i < count * length; i++) {
            read_row(tensor, static_cast<int64_t>(i), row);
            const size_t d = turned ? turned_place(i % length, numbers) : i % length;
            packed.set((first + i / length) * width + d, row.data(), row.size(), factor);
        }
    };
    add(block.attn_q, heads, 0, true, 1.0f / std::sqrt(static_cast<float>(length)));
    add(block.attn_k, heads_kv, heads, true, 1.0f);
    add(block.attn_v, heads_kv, heads + heads_kv, false, 1.0f);
    return packed;
}

/** The output projection reads heads of padded width. */
Packed pack_output(const Numbers & numbers, const Block & block, size_t width) {
    const auto heads = static_cast<size_t>(numbers.head_count), length = static_cast<size_t>(numbers.key_length);
    Packed packed(heads * width, static_cast<size_t>(numbers.embedding_length));
    std::vector<float> row, spread(heads * width);
    for (size_t i = 0; i < static_cast<size_t>(numbers.embedding_length); i++) {
        read_row(block.attn_output, static_cast<int64_t>(i), row);
        for (size_t head = 0; head < heads; head++) {
            std::memcpy(spread.data() + head * width, row.data() + head * length, length * sizeof(float));
        }
        packed.set(i, spread.data(), spread.size());
    }
    return packed;
}

Packed pack_gate_up(const Numbers & numbers, const Block & block) {
    const auto count = static_cast<size_t>(numbers.feed_forward_length);
    Packed packed(static_cast<size_t>(numbers.embedding_length), 2 * round_up(count, panel_channels));
    std::vector<float> row;
    for (size_t i = 0; i < count; i++) {
        const size_t gate = i / panel_channels * 2 * panel_channels + i % panel_channels;
        read_row(block.ffn_gate, static_cast<int64_t>(i), row);
        packed.set(gate, row.data(), row.size());
        read_row(block.ffn_up, static_cast<int64_t>(i), row);
        packed.set(gate + panel_channels, row.data(), row.size());
    }
    return packed;
}

Packed pack_plain(const ggml_tensor * tensor) {
    Packed packed(static_cast<size_t>(tensor->ne[0]), static_cast<size_t>(tensor->ne[1]));
    std::vector<float> row;
    for (int64_t i = 0; i < tensor->ne[1]; i++) {
        read_row(tensor, i, row);
        packed.set(static_cast<size_t>(i), row.data(), row.size());
    }
    return packed;
}

}  // namespace

template <typename T>
Aligned<T>::Aligned(size_t count) : size_(count) {
    const size_t bytes = round_up(count * sizeof(T), alignment);
#if defined(_WIN32)
    data_.reset(static_cast<T *>(_aligned_malloc(bytes, alignment)));
#else
    data_.reset(static_cast<T *>(std::aligned_alloc(alignment, bytes)));
#endif
    if (!data_) throw std::bad_alloc();
    std::memset(data_.get(), 0, bytes);
}

template <typename T>
void Aligned<T>::Free::operator()(T * data) const {
#if defined(_WIN32)
    _aligned_free(data);
#else
    std::free(data);
#endif
}

template class Aligned<int8_t>;
template class Aligned<uint8_t>;
template class Aligned<float>;
template class Aligned<int32_t>;

Packed::Packed(size_t inputs, size_t channels)
    : inputs_(round_up(inputs, input_step)),
      data_(inputs_ * round_up(channels, panel_channels)),
      scales_(round_up(channels, panel_channels)),
      sums_(round_up(channels, panel_channels)) {}

void Packed::set(size_t channel, const float * weights, size_t count, float factor) {
    float largest = 0;
    for (size_t i = 0; i < count; i++) largest = std::max(largest, std::fabs(weights[i]));
    const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
    int8_t * panel = data_.data() + channel / panel_channels * panel_channels * inputs_ + channel % panel_channels * 4;
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        // 1.5 * 2^23 rounds to the nearest integer; unlike lrintf it does so for several numbers at once.
        const float shifted = weights[i] * inverse + 12582912.0f;
        int32_t value;
        std::memcpy(&value, &shifted, sizeof value);
        value -= 0x4b400000;
        panel[i / 4 * 4 * panel_channels + i % 4] = static_cast<int8_t>(value);
        sum += value;
    }
    scales_[channel] = largest / 127.0f * factor;
    sums_[channel] = sum;
}

Panels Packed::panels(size_t first, size_t last) const {
    return {data_.data() + first * inputs_, scales_.data() + first, sums_.data() + first, inputs_, last - first};
}

FastWeights::FastWeights(const Numbers & numbers, const Shared & shared, const std::vector<Block> & source)
    : width(round_up(static_cast<size_t>(numbers.key_length), panel_channels)),
      embedding(round_up(static_cast<size_t>(numbers.embedding_length), panel_channels)),
      feed_forward(round_up(static_cast<size_t>(numbers.feed_forward_length), panel_channels)),
      output_norm(read_vector(shared.output_norm)) {
    for (const Block & block : source) {
        blocks.push_back({read_vector(block.attn_norm), read_vector(block.ffn_norm), pack_qkv(numbers, block, width),
                          pack_output(numbers, block, width), pack_gate_up(numbers, block),
                          pack_plain(block.ffn_down)});
    }
    std::vector<float> row;
    for (int64_t i = 0; i < numbers.decision_count; i++) {
        read_row(shared.decision, i, row);
        decision.insert(decision.end(), row.begin(), row.end());
    }
    const auto turned = static_cast<double>(numbers.rope_dimension_count);
    const std::vector<float> factors =
        shared.rope_freqs != nullptr ? read_vector(shared.rope_freqs) : std::vector<float>();
    for (size_t i = 0; i < static_cast<size_t>(numbers.rope_dimension_count) / 2; i++) {
        const double base = static_cast<double>(numbers.rope_freq_base);
        const double frequency = std::pow(base, -2.0 * static_cast<double>(i) / turned);
        frequencies.push_back(factors.empty() ? frequency : frequency / static_cast<double>(factors[i]));
    }
}

}  // namespace qrag
