// A small model with random weights, and the steps in plain loops and doubles that its forward passes are made of.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "../engine/engine.h"

namespace qrag::test {

using State = std::vector<double>;

/** Every tensor as floats, row after row. */
struct PlainModel {
    const Architecture * architecture;
    Hyperparameters numbers;
    std::map<std::string, std::vector<float>> tensors;

    /** F32 tensors as an engine wants them announced. */
    std::vector<TensorSpec> specs() const;

    /** Writes every tensor of `specs()` into the engine. */
    void fill(Engine & engine) const;

    /** Random values for every tensor of which `wanted(name)` is true: matrices around 0, norms around 1. */
    template <typename Wanted>
    void fill_randomly(unsigned seed, float deviation, Wanted wanted) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal(0.0f, deviation);
        std::map<std::string, std::vector<float>> made;
        for (const TensorSpec & spec : specs()) {
            if (!wanted(spec.name)) continue;
            const bool norm = spec.shape.size() == 1 && spec.name.find("bias") == std::string::npos;
            int64_t count = 1;
            for (const int64_t length : spec.shape) count *= length;
            std::vector<float> & values = made[spec.name];
            for (int64_t i = 0; i < count; i++) values.push_back(norm ? 1.0f + std::fabs(normal(random)) : normal(random));
        }
        tensors = std::move(made);
    }
};

/** weights: [in, out] row length first. */
State multiply(const std::vector<float> & weights, const State & x);

void add(State & x, const State & y);
void add(State & x, const std::vector<float> & y);

/** What a token with queries `q` makes of the keys and values it sees, for all its heads. */
State attend(const State & q, const std::vector<State> & keys, const std::vector<State> & values,
             const Hyperparameters & numbers);

}  // namespace qrag::test
