// The guess is one short product, in doubles and in the order of the state: a state always gives the same bits.
#include "early_exit.h"

#include <cmath>

namespace qrag {

void EarlyExit::check(const Recipe & recipe, const Hyperparameters & numbers) const {
    check_rule(recipe.sight == Sight::all, "an early exit belongs to an encoder");
    check_rule(numbers.output_count == 1 || numbers.output_count == 2, "an early exit belongs to a classifier of one or two labels");
    check_rule(blocks >= 1 && blocks < numbers.block_count, "the early exit lies outside the model");
    check_rule(weight.size() == static_cast<size_t>(numbers.embedding_length), "the early exit's weight is not as long as a state");
    bool finite = std::isfinite(bias) && std::isfinite(below);
    for (const float value : weight) finite = finite && std::isfinite(value);
    check_rule(finite, "the early exit holds a number that is not finite");
}

float EarlyExit::margin(const float * state) const {
    auto sum = static_cast<double>(bias);
    for (size_t i = 0; i < weight.size(); i++) sum += static_cast<double>(weight[i]) * static_cast<double>(state[i]);
    return static_cast<float>(sum);
}

void EarlyExit::write(float margin, float * out, size_t rows) {
    if (rows == 2) out[0] = 0;
    out[rows - 1] = margin;
}

}  // namespace qrag
