// Pre-norm blocks whose tokens see what is before them, rotated by position, with SwiGLU.
#include "plain_decoder.h"

#include <cmath>

#include "../engine/architectures/registry.h"

namespace qrag::test {

namespace {

State rms_norm(const State & x, const std::vector<float> & weight, double epsilon) {
    double sum = 0;
    for (const double value : x) sum += value * value;
    const double scale = 1 / std::sqrt(sum / static_cast<double>(x.size()) + epsilon);
    State y(x);
    for (size_t i = 0; i < x.size(); i++) y[i] *= scale * weight[i];
    return y;
}

/** Turns the pairs (0, 1), (2, 3) ... of every head: the interleaved order. */
void rope(State & x, size_t position, const Hyperparameters & numbers, const std::vector<float> & factors) {
    const auto width = static_cast<size_t>(numbers.key_length);
    const auto turned = static_cast<size_t>(numbers.rope_dimension_count);
    for (size_t head = 0; head < x.size(); head += width) {
        for (size_t i = 0; i < turned; i += 2) {
            const double exponent = -static_cast<double>(i) / static_cast<double>(turned);
            const double factor = factors.empty() ? 1 : factors[i / 2];
            const double angle = static_cast<double>(position) *
                                 std::pow(static_cast<double>(numbers.rope_freq_base), exponent) / factor;
            const double a = x[head + i], b = x[head + i + 1];
            x[head + i] = a * std::cos(angle) - b * std::sin(angle);
            x[head + i + 1] = a * std::sin(angle) + b * std::cos(angle);
        }
    }
}

}  // namespace

std::vector<State> PlainDecoder::last_states(const std::vector<int32_t> & tokens) const {
    const auto width = static_cast<size_t>(numbers.embedding_length);
    const std::vector<float> & embedding = tensors.at("token_embd.weight");
    const auto factors = tensors.find("rope_freqs.weight");
    const std::vector<float> no_factors;
    std::vector<State> x;
    for (const int32_t token : tokens) {
        const auto row = embedding.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(token) * width);
        x.emplace_back(row, row + static_cast<ptrdiff_t>(width));
    }
    for (int64_t block = 0; block < numbers.block_count; block++) {
        const auto weight = [&](const char * name) -> const std::vector<float> & {
            return tensors.at("blk." + std::to_string(block) + "." + name + ".weight");
        };
        std::vector<State> keys, values;
        for (size_t t = 0; t < x.size(); t++) {
            const State normed = rms_norm(x[t], weight("attn_norm"), numbers.norm_epsilon);
            State q = multiply(weight("attn_q"), normed), k = multiply(weight("attn_k"), normed);
            rope(q, t, numbers, factors == tensors.end() ? no_factors : factors->second);
            rope(k, t, numbers, factors == tensors.end() ? no_factors : factors->second);
            keys.push_back(k);
            values.push_back(multiply(weight("attn_v"), normed));
            add(x[t], multiply(weight("attn_output"), attend(q, keys, values, numbers)));
        }
        for (State & state : x) {
            const State normed = rms_norm(state, weight("ffn_norm"), numbers.norm_epsilon);
            State gate = multiply(weight("ffn_gate"), normed);
            const State up = multiply(weight("ffn_up"), normed);
            for (size_t i = 0; i < gate.size(); i++) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
            add(state, multiply(weight("ffn_down"), gate));
        }
    }
    for (State & state : x) state = rms_norm(state, tensors.at("output_norm.weight"), numbers.norm_epsilon);
    return x;
}

std::vector<double> PlainDecoder::decide(const std::vector<int32_t> & tokens) const {
    return multiply(tensors.at("cls.output.weight"), last_states(tokens).back());
}

std::vector<std::vector<double>> PlainDecoder::logits(const std::vector<int32_t> & tokens) const {
    const auto untied = tensors.find("output.weight");
    std::vector<State> rows;
    for (const State & state : last_states(tokens)) {
        rows.push_back(multiply(untied != tensors.end() ? untied->second : tensors.at("token_embd.weight"), state));
    }
    return rows;
}

PlainDecoder make_decoder(bool optional, unsigned seed, bool whole_groups) {
    PlainDecoder model;
    model.architecture = &qrag_architecture;
    model.numbers = {};
    model.numbers.context_length = 64;
    model.numbers.embedding_length = whole_groups ? 64 : 24;
    model.numbers.block_count = 3;
    model.numbers.feed_forward_length = whole_groups ? 96 : 40;
    model.numbers.head_count = whole_groups ? 4 : 6;
    model.numbers.head_count_kv = 2;
    model.numbers.key_length = whole_groups ? 16 : 8;
    model.numbers.rope_dimension_count = optional ? 4 : model.numbers.key_length;
    model.numbers.vocabulary_size = 50;
    model.numbers.output_count = 3;
    model.numbers.norm_epsilon = 1e-5f;
    model.numbers.rope_freq_base = 10000.0f;
    model.fill_randomly(seed, whole_groups ? 0.18f : 0.3f, [&](const std::string & name) {
        return optional || (name != "output.weight" && name != "rope_freqs.weight");
    });
    return model;
}

}  // namespace qrag::test
