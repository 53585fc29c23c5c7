// The ranges of a model's numbers. They keep every product of sizes far inside 64 bits and every ggml assertion out of reach.
#include "architecture.h"

#include "../../error.h"

namespace qrag {

namespace {

void check_size(const char * name, int64_t value, int64_t max) {
    if (value >= 1 && value <= max) return;
    throw Error(Code::model_invalid,
                std::string(name) + " is " + std::to_string(value) + ", expected 1 to " + std::to_string(max));
}

}  // namespace

const char * name_of(Size size) {
    switch (size) {
        case Size::embedding: return "embedding";
        case Size::query: return "query";
        case Size::key_value: return "keyValue";
        case Size::feed_forward: return "feedForward";
        case Size::vocabulary: return "vocabulary";
        case Size::output: return "output";
        case Size::positions: return "positions";
        case Size::token_types: return "tokenTypes";
        case Size::rope_half: break;
    }
    return "ropeHalf";
}

int64_t length_of(Size size, const Hyperparameters & numbers) {
    switch (size) {
        case Size::embedding: return numbers.embedding_length;
        case Size::query: return numbers.head_count * numbers.key_length;
        case Size::key_value: return numbers.head_count_kv * numbers.key_length;
        case Size::feed_forward: return numbers.feed_forward_length;
        case Size::vocabulary: return numbers.vocabulary_size;
        case Size::output: return numbers.output_count;
        case Size::positions: return numbers.context_length;
        case Size::token_types: return numbers.token_type_count;
        case Size::rope_half: break;
    }
    return numbers.rope_dimension_count / 2;
}

void check_rule(bool holds, const char * what) {
    if (!holds) throw Error(Code::model_invalid, what);
}

void check_hyperparameters(const Architecture & architecture, const Hyperparameters & numbers) {
    for (const NumberRow & row : architecture.numbers) {
        if (row.size != nullptr) {
            if (row.presence == Presence::with_labels && numbers.*row.size == 0) continue;
            check_size(row.name, numbers.*row.size, static_cast<int64_t>(row.max));
            continue;
        }
        const auto value = static_cast<double>(numbers.*row.real);
        // Written so that a NaN is refused.
        if (!(value > 0 && value < row.max)) {
            throw Error(Code::model_invalid, std::string(row.name) + " is " + std::to_string(value) +
                                                 ", expected more than 0 and less than " + std::to_string(row.max));
        }
    }
    architecture.check(numbers);
}

}  // namespace qrag
