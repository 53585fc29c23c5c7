// Post-norm blocks whose tokens all see each other, GELU by the error function.
#include "plain_encoder.h"

#include <algorithm>
#include <cmath>

#include "../engine/architectures/registry.h"

namespace qrag::test {

namespace {

State layer_norm(const State & x, const std::vector<float> & weight, const std::vector<float> & bias, double epsilon) {
    double mean = 0, squares = 0;
    for (const double value : x) mean += value / static_cast<double>(x.size());
    for (const double value : x) squares += (value - mean) * (value - mean) / static_cast<double>(x.size());
    State y(x);
    for (size_t i = 0; i < x.size(); i++) {
        y[i] = (x[i] - mean) / std::sqrt(squares + epsilon) * static_cast<double>(weight[i]) + static_cast<double>(bias[i]);
    }
    return y;
}

}  // namespace

std::vector<State> PlainEncoder::states(const std::vector<int32_t> & tokens, size_t second, int64_t blocks) const {
    const auto width = static_cast<size_t>(numbers.embedding_length);
    const auto epsilon = static_cast<double>(numbers.norm_epsilon);
    const auto row = [&](const char * name, size_t index) {
        const auto begin = tensors.at(name).begin() + static_cast<ptrdiff_t>(index * width);
        return std::vector<float>(begin, begin + static_cast<ptrdiff_t>(width));
    };
    std::vector<State> x;
    for (size_t t = 0; t < tokens.size(); t++) {
        State state(width, 0.0);
        add(state, row("token_embd.weight", static_cast<size_t>(tokens[t])));
        add(state, row("token_types.weight", t < second ? 0 : 1));
        add(state, row("position_embd.weight", t));
        x.push_back(layer_norm(state, tensors.at("token_embd_norm.weight"), tensors.at("token_embd_norm.bias"), epsilon));
    }
    for (int64_t block = 0; block < blocks; block++) {
        const auto part = [&](const std::string & name) -> const std::vector<float> & {
            return tensors.at("blk." + std::to_string(block) + "." + name);
        };
        const auto linear = [&](const std::string & name, const State & from) {
            State y = multiply(part(name + ".weight"), from);
            add(y, part(name + ".bias"));
            return y;
        };
        const auto norm = [&](const std::string & name, const State & from) {
            return layer_norm(from, part(name + ".weight"), part(name + ".bias"), epsilon);
        };
        std::vector<State> keys, values;
        for (const State & state : x) {
            keys.push_back(linear("attn_k", state));
            values.push_back(linear("attn_v", state));
        }
        for (State & state : x) {
            add(state, linear("attn_output", attend(linear("attn_q", state), keys, values, numbers)));
            state = norm("attn_output_norm", state);
            State inner = linear("ffn_up", state);
            for (double & value : inner) value *= 0.5 * (1 + std::erf(value / std::sqrt(2.0)));
            add(state, linear("ffn_down", inner));
            state = norm("layer_output_norm", state);
        }
    }
    return x;
}

double PlainEncoder::guess(const std::vector<int32_t> & tokens, size_t second, const EarlyExit & exit) const {
    return multiply(exit.weight, states(tokens, second, exit.blocks).front()).front() + static_cast<double>(exit.bias);
}

std::vector<double> PlainEncoder::classify(const std::vector<int32_t> & tokens, size_t second, const EarlyExit * exit) const {
    if (exit != nullptr) {
        const double margin = guess(tokens, second, *exit);
        if (margin < static_cast<double>(exit->below)) {
            return numbers.output_count == 1 ? std::vector<double>{margin} : std::vector<double>{0, margin};
        }
    }
    State pooler = multiply(tensors.at("cls.weight"), states(tokens, second, numbers.block_count).front());
    add(pooler, tensors.at("cls.bias"));
    for (double & value : pooler) value = std::tanh(value);
    State logits = multiply(tensors.at("cls.output.weight"), pooler);
    add(logits, tensors.at("cls.output.bias"));
    return logits;
}

std::vector<double> PlainEncoder::pooled(const std::vector<int32_t> & tokens, size_t second, Pooling pooling) const {
    const std::vector<State> all = states(tokens, second, numbers.block_count);
    if (pooling != Pooling::mean) return pooling == Pooling::cls ? all.front() : all.back();
    State mean(all.front().size(), 0.0);
    for (const State & state : all) add(mean, state);
    for (double & value : mean) value /= static_cast<double>(all.size());
    return mean;
}

EarlyExit make_exit(const PlainEncoder & model, const std::vector<std::vector<int32_t>> & sequences,
                    const std::vector<size_t> & seconds, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, 0.3f);
    EarlyExit exit{1, 0, {}, 0.25f};
    for (int64_t i = 0; i < model.numbers.embedding_length; i++) exit.weight.push_back(normal(random));
    std::vector<double> guesses;
    for (size_t i = 0; i < sequences.size(); i++) guesses.push_back(model.guess(sequences[i], seconds[i], exit));
    std::sort(guesses.begin(), guesses.end());
    const size_t from = guesses.size() / 3, to = std::max(from + 1, guesses.size() * 2 / 3);
    double widest = 0;
    for (size_t i = from; i < to; i++) {
        if (guesses[i + 1] - guesses[i] <= widest) continue;
        widest = guesses[i + 1] - guesses[i];
        exit.below = static_cast<float>((guesses[i] + guesses[i + 1]) / 2);
    }
    return exit;
}

PlainEncoder make_encoder(int64_t labels, unsigned seed, bool whole_groups) {
    PlainEncoder model;
    model.architecture = &bert_architecture;
    model.numbers = {};
    model.numbers.context_length = 64;
    model.numbers.embedding_length = whole_groups ? 64 : 24;
    model.numbers.block_count = 3;
    model.numbers.feed_forward_length = whole_groups ? 96 : 40;
    model.numbers.head_count = model.numbers.head_count_kv = whole_groups ? 4 : 3;
    model.numbers.key_length = whole_groups ? 16 : 8;
    model.numbers.vocabulary_size = 50;
    model.numbers.output_count = labels;
    model.numbers.token_type_count = 2;
    model.numbers.norm_epsilon = 1e-6f;
    model.fill_randomly(seed, whole_groups ? 0.18f : 0.3f, [](const std::string &) { return true; });
    return model;
}

}  // namespace qrag::test
