// Plain loops, no ggml: slow, and easy to hold against the paper.
#include "plain_model.h"

#include <cmath>

namespace qrag::test {

std::vector<TensorSpec> PlainModel::specs() const {
    std::vector<TensorSpec> specs;
    for (const TensorRow & row : architecture->tensors) {
        if (row.presence == Presence::with_labels && numbers.output_count == 0) continue;
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

State multiply(const std::vector<float> & weights, const State & x) {
    State y(weights.size() / x.size(), 0.0);
    for (size_t o = 0; o < y.size(); o++) {
        for (size_t i = 0; i < x.size(); i++) y[o] += static_cast<double>(weights[o * x.size() + i]) * x[i];
    }
    return y;
}

void add(State & x, const State & y) {
    for (size_t i = 0; i < x.size(); i++) x[i] += y[i];
}

void add(State & x, const std::vector<float> & y) {
    for (size_t i = 0; i < x.size(); i++) x[i] += static_cast<double>(y[i]);
}

State attend(const State & q, const std::vector<State> & keys, const std::vector<State> & values,
             const Hyperparameters & numbers) {
    const auto width = static_cast<size_t>(numbers.key_length);
    const auto group = static_cast<size_t>(numbers.head_count / numbers.head_count_kv);
    State out(q.size(), 0.0);
    for (size_t head = 0; head < static_cast<size_t>(numbers.head_count); head++) {
        const size_t from = head * width, shared = head / group * width;
        State weight(keys.size(), 0.0);
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

}  // namespace qrag::test
