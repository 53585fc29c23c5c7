// Plain loops, no ggml: slow, and easy to hold against the paper.
#include "plain_decoder.h"

#include <cmath>
#include <random>

namespace qrag::test {

namespace {

using Row = std::vector<double>;

/** weights: [in, out] row length first. */
Row multiply(const std::vector<float> & weights, const Row & x) {
    Row y(weights.size() / x.size(), 0.0);
    for (size_t o = 0; o < y.size(); o++) {
        for (size_t i = 0; i < x.size(); i++) y[o] += static_cast<double>(weights[o * x.size() + i]) * x[i];
    }
    return y;
}

Row rms_norm(const Row & x, const std::vector<float> & weight, double epsilon) {
    double sum = 0;
    for (const double value : x) sum += value * value;
    const double scale = 1 / std::sqrt(sum / static_cast<double>(x.size()) + epsilon);
    Row y(x);
    for (size_t i = 0; i < x.size(); i++) y[i] *= scale * weight[i];
    return y;
}

/** Turns the pairs (0, 1), (2, 3) ... of every head: the interleaved order. */
void rope(Row & x, size_t position, const Hyperparameters & numbers, const std::vector<float> & factors) {
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

/** What the token at the end of `keys` sees, for all its heads. */
Row attend(const Row & q, const std::vector<Row> & keys, const std::vector<Row> & values, const Hyperparameters & numbers) {
    const auto width = static_cast<size_t>(numbers.key_length);
    const auto group = static_cast<size_t>(numbers.head_count / numbers.head_count_kv);
    Row out(q.size(), 0.0);
    for (size_t head = 0; head < static_cast<size_t>(numbers.head_count); head++) {
        const size_t from = head * width, shared = head / group * width;
        Row weight(keys.size(), 0.0);
        double sum = 0;
        for (size_t t = 0; t < keys.size(); t++) {
            double dot = 0;
            for (size_t i = 0; i < width; i++) dot += q[from + i] * keys[t][shared + i];
            weight[t] = std::exp(dot / std::sqrt(static_cast<double>(width)));
            sum += weight[t];
        }
        for (size_t t = 0; t < keys.size(); t++) {
            for (size_t i = 0; i < width; i++) out[from + i] += weight[t] / sum * values[t][shared + i];
        }
    }
    return out;
}

void add(Row & x, const Row & y) {
    for (size_t i = 0; i < x.size(); i++) x[i] += y[i];
}

}  // namespace

std::vector<Row> PlainModel::last_states(const std::vector<int32_t> & tokens) const {
    const auto width = static_cast<size_t>(numbers.embedding_length);
    const std::vector<float> & embedding = tensors.at("token_embd.weight");
    const auto factors = tensors.find("rope_freqs.weight");
    const std::vector<float> no_factors;
    std::vector<Row> x;
    for (const int32_t token : tokens) {
        const auto row = embedding.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(token) * width);
        x.emplace_back(row, row + static_cast<ptrdiff_t>(width));
    }
    for (int64_t block = 0; block < numbers.block_count; block++) {
        const auto weight = [&](const char * name) -> const std::vector<float> & {
            return tensors.at("blk." + std::to_string(block) + "." + name + ".weight");
        };
        std::vector<Row> keys, values;
        for (size_t t = 0; t < x.size(); t++) {
            const Row normed = rms_norm(x[t], weight("attn_norm"), numbers.norm_epsilon);
            Row q = multiply(weight("attn_q"), normed), k = multiply(weight("attn_k"), normed);
            rope(q, t, numbers, factors == tensors.end() ? no_factors : factors->second);
            rope(k, t, numbers, factors == tensors.end() ? no_factors : factors->second);
            keys.push_back(k);
            values.push_back(multiply(weight("attn_v"), normed));
            add(x[t], multiply(weight("attn_output"), attend(q, keys, values, numbers)));
        }
        for (Row & state : x) {
            const Row normed = rms_norm(state, weight("ffn_norm"), numbers.norm_epsilon);
            Row gate = multiply(weight("ffn_gate"), normed);
            const Row up = multiply(weight("ffn_up"), normed);
            for (size_t i = 0; i < gate.size(); i++) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
            add(state, multiply(weight("ffn_down"), gate));
        }
    }
    for (Row & state : x) state = rms_norm(state, tensors.at("output_norm.weight"), numbers.norm_epsilon);
    return x;
}

std::vector<double> PlainModel::decide(const std::vector<int32_t> & tokens) const {
    return multiply(tensors.at("cls.output.weight"), last_states(tokens).back());
}

std::vector<std::vector<double>> PlainModel::logits(const std::vector<int32_t> & tokens) const {
    const auto untied = tensors.find("output.weight");
    std::vector<Row> rows;
    for (const Row & state : last_states(tokens)) {
        rows.push_back(multiply(untied != tensors.end() ? untied->second : tensors.at("token_embd.weight"), state));
    }
    return rows;
}

std::vector<TensorSpec> PlainModel::specs() const {
    std::vector<TensorSpec> specs;
    for (const TensorRow & row : tensor_table()) {
        std::vector<int64_t> shape;
        for (const Size size : row.shape) shape.push_back(length_of(size, numbers));
        const std::string pattern = row.name;
        const size_t hole = pattern.find("{block}");
        for (int64_t block = 0; block < (hole == std::string::npos ? 1 : numbers.block_count); block++) {
            std::string name = pattern;
            if (hole != std::string::npos) name.replace(hole, 7, std::to_string(block));
            if (tensors.empty() || tensors.count(name) != 0) specs.push_back({name, "F32", shape});
        }
    }
    return specs;
}

void PlainModel::fill(Engine & engine) const {
    size_t index = 0;
    for (const TensorSpec & spec : specs()) {
        const std::vector<float> & values = tensors.at(spec.name);
        engine.weights().write(index++, 0, values.data(), values.size() * sizeof(float));
    }
}

PlainModel make_plain_model(bool optional, unsigned seed, bool whole_groups) {
    PlainModel model;
    model.numbers = {/*context*/ 64, /*embedding*/ 24, /*blocks*/ 3, /*feed forward*/ 40, /*heads*/ 6, /*kv heads*/ 2,
                     /*key length*/ 8, /*rope*/ optional ? 4 : 8, /*vocabulary*/ 50, /*decision*/ 3, 1e-5f, 10000.0f};
    if (whole_groups) {
        model.numbers.embedding_length = 64;
        model.numbers.feed_forward_length = 96;
        model.numbers.head_count = 4;
        model.numbers.key_length = model.numbers.rope_dimension_count = 16;
    }
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, whole_groups ? 0.18f : 0.3f);
    std::map<std::string, std::vector<float>> tensors;
    for (const TensorSpec & spec : model.specs()) {
        const bool vector = spec.shape.size() == 1;
        if (!optional && (spec.name == "output.weight" || spec.name == "rope_freqs.weight")) continue;
        int64_t count = 1;
        for (const int64_t length : spec.shape) count *= length;
        std::vector<float> & values = tensors[spec.name];
        for (int64_t i = 0; i < count; i++) values.push_back(vector ? 1.0f + std::fabs(normal(random)) : normal(random));
    }
    model.tensors = std::move(tensors);
    return model;
}

}  // namespace qrag::test
