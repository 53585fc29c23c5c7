// Announcing and filling tensors, and everything that is refused on the way.
#include "../engine/weights.h"

#include <functional>

#include "check.h"
#include "plain_decoder.h"

using namespace qrag;
using namespace qrag::test;

namespace {

using Change = std::function<void(Hyperparameters &, std::vector<TensorSpec> &)>;

void refused(const char * part, const Change & change) {
    const PlainDecoder model = make_decoder(true, 2);
    Hyperparameters numbers = model.numbers;
    std::vector<TensorSpec> specs = model.specs();
    change(numbers, specs);
    check_throws(Code::model_invalid, part, [&] { Weights(*model.architecture, numbers, specs); });
}

}  // namespace

QRAG_TEST(weights_with_wrong_tensors_are_refused) {
    refused("missing", [](Hyperparameters &, auto & specs) { specs.erase(specs.begin()); });
    refused("missing", [](Hyperparameters &, auto & specs) { specs.clear(); });
    refused("announced twice", [](Hyperparameters &, auto & specs) { specs.push_back(specs[0]); });
    refused("unknown", [](Hyperparameters &, auto & specs) { specs[0].name = "token_embd"; });
    refused("unknown", [](Hyperparameters &, auto & specs) { specs[1].name = "blk.3.attn_norm.weight"; });
    refused("unknown", [](Hyperparameters &, auto & specs) { specs[1].name = "blk.{block}.attn_norm.weight"; });
    refused("shape", [](Hyperparameters &, auto & specs) { specs[0].shape = {}; });
    refused("shape", [](Hyperparameters &, auto & specs) { specs[0].shape[1]++; });
    refused("shape", [](Hyperparameters &, auto & specs) { specs[0].shape.push_back(1); });
    refused("shape", [](Hyperparameters &, auto & specs) { specs[0].shape[0] = -24; });
    refused("not supported", [](Hyperparameters &, auto & specs) { specs[0].type = "Q5_0"; });
    refused("no whole blocks", [](Hyperparameters &, auto & specs) { specs[0].type = "Q8_0"; });
    refused("expected F32", [](Hyperparameters &, auto & specs) {
        for (TensorSpec & spec : specs) spec.type = spec.shape.size() == 1 ? "F16" : "F32";
    });
}

QRAG_TEST(weights_with_numbers_out_of_range_are_refused) {
    refused("contextLength", [](Hyperparameters & numbers, auto &) { numbers.context_length = 0; });
    refused("embeddingLength", [](Hyperparameters & numbers, auto &) { numbers.embedding_length = -1; });
    refused("blockCount", [](Hyperparameters & numbers, auto &) { numbers.block_count = INT64_MAX; });
    refused("feedForwardLength", [](Hyperparameters & numbers, auto &) { numbers.feed_forward_length = int64_t(1) << 40; });
    refused("headCountKv", [](Hyperparameters & numbers, auto &) { numbers.head_count_kv = 12; });
    refused("multiple", [](Hyperparameters & numbers, auto &) { numbers.head_count_kv = 4; });
    refused("odd", [](Hyperparameters & numbers, auto &) { numbers.rope_dimension_count = 3; });
    refused("ropeDimensionCount", [](Hyperparameters & numbers, auto &) { numbers.rope_dimension_count = 10; });
    refused("vocabularySize", [](Hyperparameters & numbers, auto &) { numbers.vocabulary_size = int64_t(1) << 31; });
    refused("normEpsilon", [](Hyperparameters & numbers, auto &) { numbers.norm_epsilon = NAN; });
    refused("ropeFreqBase", [](Hyperparameters & numbers, auto &) { numbers.rope_freq_base = INFINITY; });
    refused("outputCount", [](Hyperparameters & numbers, auto &) { numbers.output_count = 0; });
}

QRAG_TEST(weights_arrive_in_order_and_whole) {
    const PlainDecoder model = make_decoder(false, 3);
    Weights weights(*model.architecture, model.numbers, model.specs());
    const std::vector<float> & embedding = model.tensors.at("token_embd.weight");
    const size_t size = embedding.size() * sizeof(float);
    const auto refused = [&](size_t index, size_t offset, size_t length) {
        check_throws(Code::input_invalid, "tensor number", [&] { weights.write(index, offset, embedding.data(), length); });
    };
    refused(model.specs().size(), 0, 4);
    refused(SIZE_MAX, 0, 4);
    refused(0, 4, 4);
    refused(0, 0, size + 1);
    refused(0, 0, SIZE_MAX);
    weights.write(0, 0, embedding.data(), 8);
    refused(0, 0, 8);
    refused(0, 8, size - 7);
    check_throws(Code::model_invalid, "token_embd.weight: 8 of", [&] { weights.check(); });
}

QRAG_TEST(weights_that_are_not_finite_are_refused) {
    PlainDecoder model = make_decoder(false, 4);
    model.tensors["blk.1.ffn_up.weight"].back() = NAN;
    Engine engine(*model.architecture, model.numbers, model.specs(), {1, "reference", false, {}});
    model.fill(engine);
    check_throws(Code::model_invalid, "blk.1.ffn_up.weight: holds", [&] { engine.seal(); });
}
