// The guess is one short product, in doubles and in the order of the state: the same bits whoever computes it.
#include "early_exit.h"

#include <cmath>

#include "architectures/architecture.h"

namespace qrag {

void EarlyExit::check(const Hyperparameters & numbers) const {
    check_rule(numbers.output_count == 1 || numbers.output_count == 2, "an early exit belongs to a classifier of one or two labels");
    check_rule(block >= 1 && block < numbers.block_count, "the early exit's block lies outside the model");
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

std::string step_before(const EarlyExit & exit) {
    return "blk." + std::to_string(exit.block - 1) + ".layer_output_norm";
}

}  // namespace qrag
