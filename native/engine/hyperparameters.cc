// The ranges of a model's numbers. They keep every product of sizes far inside 64 bits and every ggml assertion out of reach.
#include "hyperparameters.h"

#include <cmath>
#include <string>

#include "../error.h"

namespace qrag {

namespace {

void check_range(const char * name, int64_t value, int64_t limit) {
    if (value < 1 || value > limit) {
        throw Error(Code::model_invalid, std::string(name) + " is " + std::to_string(value) +
                                             ", expected 1 to " + std::to_string(limit));
    }
}

void check_that(bool holds, const char * what) {
    if (!holds) throw Error(Code::model_invalid, what);
}

}  // namespace

void Hyperparameters::check() const {
    check_range("contextLength", context_length, 1 << 20);
    check_range("embeddingLength", embedding_length, 1 << 16);
    check_range("blockCount", block_count, 512);
    check_range("feedForwardLength", feed_forward_length, 1 << 18);
    check_range("headCount", head_count, 1024);
    check_range("headCountKv", head_count_kv, head_count);
    check_range("keyLength", key_length, 1024);
    check_range("ropeDimensionCount", rope_dimension_count, key_length);
    check_range("vocabularySize", vocabulary_size, 1 << 22);
    check_range("decisionCount", decision_count, 1024);
    check_that(head_count % head_count_kv == 0, "headCount is not a multiple of headCountKv");
    check_that(rope_dimension_count % 2 == 0, "ropeDimensionCount is odd");
    check_that(norm_epsilon > 0 && norm_epsilon < 1, "normEpsilon is not between 0 and 1");
    check_that(std::isfinite(rope_freq_base) && rope_freq_base > 0, "ropeFreqBase is not a positive number");
}

}  // namespace qrag
