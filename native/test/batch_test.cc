// Packing, behind a common prefix where there may be one, and the checks before it.
#include "../engine/batch.h"

#include "check.h"
#include "plain_decoder.h"

using namespace qrag;
using namespace qrag::test;

QRAG_TEST(batch_shares_the_longest_common_prefix) {
    const Batch batch = Batch::pack({{1, 2, 3, 4, /**/ 1, 2, 5, /**/ 1, 2, 3}, {0, 4, 7, 10}, {}}, Sight::before);
    check(batch.tokens == std::vector<int32_t>({1, 2, /**/ 3, 4, /**/ 5, /**/ 3}), "tokens");
    check(batch.positions == std::vector<int32_t>({0, 1, 2, 3, 2, 2}), "positions");
    check(batch.last == std::vector<int32_t>({3, 4, 5}), "last");
    const std::string sees[] = {"x.....", "xx....", "xxx...", "xxxx..", "xx..x.", "xx...x"};
    for (size_t row = 0; row < 6; row++) {
        for (size_t column = 0; column < 6; column++) {
            const bool visible = batch.mask[row * 6 + column] == 0.0f;
            check(visible == (sees[row][column] == 'x'), "mask " + std::to_string(row) + " " + std::to_string(column));
        }
    }
}

QRAG_TEST(batch_of_equal_sequences_keeps_a_last_token_each) {
    const Batch batch = Batch::pack({{7, 8, 7, 8}, {0, 2, 4}, {}}, Sight::before);
    check(batch.tokens == std::vector<int32_t>({7, 8, 8}), "tokens");
    check(batch.last == std::vector<int32_t>({1, 2}), "last");
}

QRAG_TEST(batch_of_one_sequence_is_causal) {
    const Batch batch = Batch::pack({{3, 3, 3}, {0, 3}, {}}, Sight::before);
    check(batch.tokens.size() == 3 && batch.last == std::vector<int32_t>({2}), "size");
    check(batch.mask[1] != 0.0f && batch.mask[3] == 0.0f, "mask");
}

QRAG_TEST(batch_of_an_encoder_shares_nothing) {
    const Batch batch = Batch::pack({{1, 2, 3, 1, 2}, {0, 3, 5}, {1, 2}}, Sight::all);
    check(batch.tokens == std::vector<int32_t>({1, 2, 3, 1, 2}), "tokens");
    check(batch.positions == std::vector<int32_t>({0, 1, 2, 0, 1}), "positions");
    check(batch.types == std::vector<int32_t>({0, 1, 1, 0, 0}), "types");
    check(batch.first == std::vector<int32_t>({0, 3}) && batch.last == std::vector<int32_t>({2, 4}), "ends");
    for (size_t row = 0; row < 5; row++) {
        for (size_t column = 0; column < 5; column++) {
            check((batch.mask[row * 5 + column] == 0.0f) == ((row < 3) == (column < 3)), "mask");
        }
    }
}

QRAG_TEST(sequences_are_checked) {
    Hyperparameters numbers = make_decoder(false, 1).numbers;  // context 64, vocabulary 50
    Sequences{{0, 49}, {0, 1, 2}, {}}.check(numbers);
    const auto refused = [&](const char * part, const Sequences & sequences) {
        check_throws(Code::input_invalid, part, [&] { sequences.check(numbers); });
    };
    refused("offsets", {{1}, {}, {}});
    refused("offsets", {{}, {0}, {}});
    refused("offsets", {{1, 2}, {1, 2}, {}});
    refused("offsets", {{1, 2}, {0, 1}, {}});
    refused("0 tokens", {{1, 2}, {0, 0, 2}, {}});
    refused("-1 tokens", {{1, 2}, {0, 2, 1, 2}, {}});
    refused("65 tokens", {std::vector<int32_t>(65, 1), {0, 65}, {}});
    refused("token id -1", {{-1}, {0, 1}, {}});
    refused("token id 50", {{50}, {0, 1}, {}});
    refused("tokens", {{1, 2}, {0, INT32_MIN, 2}, {}});
    refused("does not tell", {{1, 2}, {0, 2}, {1}});
    numbers.token_type_count = 2;
    Sequences{{1, 2}, {0, 2}, {2}}.check(numbers);
    refused("second texts", {{1, 2}, {0, 2}, {1, 1}});
    refused("begins at 3", {{1, 2}, {0, 2}, {3}});
    refused("begins at -1", {{1, 2}, {0, 2}, {-1}});
}
