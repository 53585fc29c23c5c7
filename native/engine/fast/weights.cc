// Which rows of a file's tensors make which output channels of the packed matrices.
#include "weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ggml.h"
#include "team.h"

namespace qrag {

std::vector<float> read_row(const ggml_tensor * tensor, int64_t row) {
    SourceRow source;
    source.read(tensor, row);
    return source.values;
}

namespace {

FastNorm norm_of(const ggml_tensor * weight, const ggml_tensor * bias) {
    return {read_row(weight), bias == nullptr ? std::vector<float>() : read_row(bias)};
}

/** Where dimension `d` of a head goes: what RoPE rotations has its even dimensions before its odd ones. */
size_t rotated_place(size_t d, const Hyperparameters & numbers) {
    const auto turned = static_cast<size_t>(numbers.rope_dimension_count);
    if (d >= turned) return d;
    return d % 2 == 0 ? d / 2 : turned / 2 + d / 2;
}

class Packer {
  public:
    Packer(const Recipe & recipe, const Hyperparameters & numbers, const Packing & packing, size_t width)
        : recipe_(recipe), numbers_(numbers), packing_(packing), width_(width) {}

    FastBlock pack(const Block & block) {
        const bool first = recipe_.norm_first;
        return {first ? norm_of(block.attn_norm, nullptr) : norm_of(block.attn_output_norm, block.attn_output_norm_bias),
                first ? norm_of(block.ffn_norm, nullptr) : norm_of(block.layer_output_norm, block.layer_output_norm_bias),
                qkv(block),
                output(block.attn_output, block.attn_output_bias),
                recipe_.inner == Into::swiglu ? gate_up(block) : plain(block.ffn_up, block.ffn_up_bias),
                plain(block.ffn_down, block.ffn_down_bias)};
    }

  private:
    Packed qkv(const Block & block) {
        const auto heads = static_cast<size_t>(numbers_.head_count), heads_kv = static_cast<size_t>(numbers_.head_count_kv);
        const auto length = static_cast<size_t>(numbers_.key_length);
        Packed packed = matrix(static_cast<size_t>(numbers_.embedding_length), (heads + 2 * heads_kv) * width_,
                               four_bit(block.attn_q) && four_bit(block.attn_k) && four_bit(block.attn_v));
        const auto add = [&](const ggml_tensor * tensor, const ggml_tensor * bias, size_t count, size_t first, bool rotated,
                             float factor) {
            const std::vector<float> biases = bias == nullptr ? std::vector<float>() : read_row(bias);
            for (size_t i = 0; i < count * length; i++) {
                row_.read(tensor, static_cast<int64_t>(i));
                const size_t d = rotated ? rotated_place(i % length, numbers_) : i % length;
                const size_t channel = (first + i / length) * width_ + d;
                packed.set(channel, row_, factor);
                if (!biases.empty()) packed.set_bias(channel, biases[i] * factor);
            }
        };
        const bool rotary = recipe_.position == Position::rotary;
        add(block.attn_q, block.attn_q_bias, heads, 0, rotary, 1.0f / std::sqrt(static_cast<float>(length)));
        add(block.attn_k, block.attn_k_bias, heads_kv, heads, rotary, 1.0f);
        add(block.attn_v, block.attn_v_bias, heads_kv, heads + heads_kv, false, 1.0f);
        return packed;
    }

    /** The output projection reads heads of padded width; where they are padded, groups of nibbles would be torn. */
    Packed output(const ggml_tensor * tensor, const ggml_tensor * bias) {
        const auto heads = static_cast<size_t>(numbers_.head_count), length = static_cast<size_t>(numbers_.key_length);
        if (length == width_) return plain(tensor, bias);
        Packed packed = matrix(heads * width_, static_cast<size_t>(tensor->ne[1]), /*four_bit=*/false);
        SourceRow spread;
        spread.values.resize(heads * width_);
        for (int64_t i = 0; i < tensor->ne[1]; i++) {
            row_.read(tensor, i);
            for (size_t head = 0; head < heads; head++) {
                std::memcpy(spread.values.data() + head * width_, row_.values.data() + head * length, length * sizeof(float));
            }
            packed.set(static_cast<size_t>(i), spread);
        }
        set_biases(packed, bias);
        return packed;
    }

    Packed gate_up(const Block & block) {
        const auto count = static_cast<size_t>(numbers_.feed_forward_length);
        Packed packed = matrix(static_cast<size_t>(numbers_.embedding_length), 2 * round_up(count, panel_channels),
                               four_bit(block.ffn_gate) && four_bit(block.ffn_up));
        for (size_t i = 0; i < count; i++) {
            const size_t gate = i / panel_channels * 2 * panel_channels + i % panel_channels;
            row_.read(block.ffn_gate, static_cast<int64_t>(i));
            packed.set(gate, row_);
            row_.read(block.ffn_up, static_cast<int64_t>(i));
            packed.set(gate + panel_channels, row_);
        }
        return packed;
    }

    Packed plain(const ggml_tensor * tensor, const ggml_tensor * bias) {
        Packed packed = matrix(static_cast<size_t>(tensor->ne[0]), static_cast<size_t>(tensor->ne[1]), four_bit(tensor));
        for (int64_t i = 0; i < tensor->ne[1]; i++) {
            row_.read(tensor, i);
            packed.set(static_cast<size_t>(i), row_);
        }
        set_biases(packed, bias);
        return packed;
    }

    static void set_biases(Packed & packed, const ggml_tensor * bias) {
        if (bias == nullptr) return;
        const std::vector<float> biases = read_row(bias);
        for (size_t i = 0; i < biases.size(); i++) packed.set_bias(i, biases[i]);
    }

    bool four_bit(const ggml_tensor * tensor) const { return tensor->type == GGML_TYPE_Q4_0 && !packing_.unpack; }

    Packed matrix(size_t inputs, size_t channels, bool four_bit) const {
        return Packed(inputs, channels, four_bit, packing_.kernels.short_sums);
    }

    const Recipe & recipe_;
    const Hyperparameters & numbers_;
    const Packing & packing_;
    const size_t width_;
    SourceRow row_;
};

}  // namespace

FastWeights::FastWeights(const Recipe & recipe, const Hyperparameters & numbers, const GlobalTensors & globals,
                         const std::vector<Block> & source, const Packing & packing)
    : width(round_up(static_cast<size_t>(numbers.key_length), panel_channels)),
      embedding(round_up(static_cast<size_t>(numbers.embedding_length), panel_channels)),
      feed_forward(round_up(static_cast<size_t>(numbers.feed_forward_length), panel_channels)),
      blocks(source.size()) {
    parallel_for(source.size(), packing.threads, [&](size_t block) {
        blocks[block] = Packer(recipe, numbers, packing, width).pack(source[block]);
        packing.block_done(block);
    });
    if (recipe.position != Position::rotary) return;
    const auto rotated = static_cast<double>(numbers.rope_dimension_count);
    const std::vector<float> factors =
        globals.rope_freqs != nullptr ? read_row(globals.rope_freqs) : std::vector<float>();
    for (size_t i = 0; i < static_cast<size_t>(numbers.rope_dimension_count) / 2; i++) {
        const double base = static_cast<double>(numbers.rope_freq_base);
        const double frequency = std::pow(base, -2.0 * static_cast<double>(i) / rotated);
        frequencies.push_back(factors.empty() ? frequency : frequency / static_cast<double>(factors[i]));
    }
}

}  // namespace qrag
