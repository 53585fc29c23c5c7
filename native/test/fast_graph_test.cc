// The fast graph against the plain decoder, and against itself in every company.
#include "../engine/fast/graph.h"

#include <cstring>
#include <random>

#include "../kernels/dispatch.h"
#include "check.h"
#include "plain_decoder.h"

using namespace qrag;
using namespace qrag::test;

namespace {

/** Small models: as make_plain_model has them, with its optional parts, and with matrices in Q4_0 where rows allow it. */
enum class Kind { plain, optional, four_bit };
constexpr Kind kinds[] = {Kind::plain, Kind::optional, Kind::four_bit};

std::vector<TensorSpec> specs_of(const PlainModel & model, Kind kind) {
    std::vector<TensorSpec> specs = model.specs();
    for (TensorSpec & spec : specs) {
        const bool matrix = spec.name.rfind("blk.", 0) == 0 && spec.shape.size() == 2;
        if (kind == Kind::four_bit && matrix && spec.shape[0] % 32 == 0) spec.type = "Q4_0";
    }
    return specs;
}

/** Quantizes what is announced as Q4_0, and puts what that makes of it into the model. */
void fill_four_bit(PlainModel & model, Engine & engine) {
    const std::vector<TensorSpec> specs = specs_of(model, Kind::four_bit);
    size_t quantized = 0;
    for (size_t i = 0; i < specs.size(); i++) {
        std::vector<float> & values = model.tensors.at(specs[i].name);
        if (specs[i].type == "F32") {
            engine.weights().write(i, 0, values.data(), values.size() * sizeof(float));
            continue;
        }
        const int64_t length = specs[i].shape[0], rows = specs[i].shape[1];
        std::vector<char> bytes(ggml_row_size(GGML_TYPE_Q4_0, length) * static_cast<size_t>(rows));
        ggml_quantize_chunk(GGML_TYPE_Q4_0, values.data(), bytes.data(), 0, rows, length, nullptr);
        ggml_get_type_traits(GGML_TYPE_Q4_0)->to_float(bytes.data(), values.data(), rows * length);
        engine.weights().write(i, 0, bytes.data(), bytes.size());
        quantized++;
    }
    check(quantized > 0, "some matrices are in four bits");
}

struct Fixture {
    explicit Fixture(Kind kind, unsigned seed)
        : model(make_plain_model(kind == Kind::optional, seed, kind == Kind::four_bit)),
          engine(model.numbers, specs_of(model, kind), 1, "reference") {
        kind == Kind::four_bit ? fill_four_bit(model, engine) : model.fill(engine);
        std::mt19937 random(seed);
        const std::vector<int32_t> prefix = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4};
        for (size_t i = 0; i < 9; i++) {
            std::vector<int32_t> sequence(prefix.begin(), prefix.begin() + static_cast<ptrdiff_t>(i < 8 ? 20 : 2));
            for (size_t j = 0; j < 1 + i * 5; j++) sequence.push_back(static_cast<int32_t>(random() % 50));
            sequences.push_back(sequence);
        }
    }
    FastGraph graph(const Kernels & kernels, size_t threads, std::function<bool()> cancelled = [] { return false; },
                    bool unpack = false) {
        const Packing packing{kernels, unpack, threads, [](size_t) {}};
        return FastGraph(model.numbers, engine.weights().shared, engine.weights().blocks, packing, cancelled);
    }
    PlainModel model;
    Engine engine;
    std::vector<std::vector<int32_t>> sequences;
};

/** All kernel sets, and once more with int8 made of four bits where there are such. */
std::vector<std::pair<const Kernels *, bool>> sets_of(Kind kind) {
    std::vector<std::pair<const Kernels *, bool>> sets;
    for (const Kernels * kernels : usable_kernels()) {
        sets.emplace_back(kernels, false);
        if (kind == Kind::four_bit) sets.emplace_back(kernels, true);
    }
    return sets;
}

std::vector<float> decide(FastGraph & graph, const std::vector<std::vector<int32_t>> & sequences) {
    std::vector<int32_t> tokens, offsets{0};
    for (const auto & sequence : sequences) {
        tokens.insert(tokens.end(), sequence.begin(), sequence.end());
        offsets.push_back(static_cast<int32_t>(tokens.size()));
    }
    return graph.decide(tokens.data(), offsets.data(), sequences.size());
}

void check_same(const std::vector<float> & a, const float * b, const std::string & what) {
    check(std::memcmp(a.data(), b, a.size() * sizeof(float)) == 0, what);
}

}  // namespace

QRAG_TEST(fast_graph_is_near_the_plain_decoder) {
    for (const Kind kind : kinds) {
        Fixture fixture(kind, 21);
        for (const auto & [kernels, unpack] : sets_of(kind)) {
            FastGraph graph = fixture.graph(*kernels, 2, [] { return false; }, unpack);
            const std::vector<float> logits = decide(graph, fixture.sequences);
            double error = 0, size = 0;
            for (size_t i = 0; i < fixture.sequences.size(); i++) {
                const std::vector<double> expected = fixture.model.decide(fixture.sequences[i]);
                for (size_t row = 0; row < expected.size(); row++) {
                    const double difference = static_cast<double>(logits[i * expected.size() + row]) - expected[row];
                    error += difference * difference;
                    size += expected[row] * expected[row];
                }
            }
            // Seven roundings to 8 bits a block, or less, three blocks, and the larger model attends more sharply: a wrong
            // wiring has an error of the size of the result.
            const double bits = 127.0 / kernels->max_weight;
            const double allowed = (kind == Kind::four_bit ? 0.1 : 0.05) * bits + 4 * static_cast<double>(kernels->attention_step);
            check(std::sqrt(error / size) < allowed, std::string(kernels->name) + ": " + std::to_string(std::sqrt(error / size)));
        }
    }
}

QRAG_TEST(fast_graph_gives_the_same_bits_in_every_company) {
    for (const Kind kind : kinds) {
        Fixture fixture(kind, 22);
        const auto rows = static_cast<size_t>(fixture.model.numbers.decision_count);
        for (const Kernels * kernels : usable_kernels()) {
            std::vector<std::vector<float>> alone;
            for (const auto & sequence : fixture.sequences) {
                FastGraph fresh = fixture.graph(*kernels, 1);
                alone.push_back(decide(fresh, {sequence}));
            }
            for (const size_t threads : {1u, 2u, 5u}) {
                FastGraph graph = fixture.graph(*kernels, threads);
                const std::string name = std::string(kernels->name) + " with threads " + std::to_string(threads);
                const std::vector<float> together = decide(graph, fixture.sequences);
                const std::vector<std::vector<int32_t>> few(fixture.sequences.begin() + 2, fixture.sequences.begin() + 6);
                const std::vector<float> fewer = decide(graph, few);
                for (size_t i = 0; i < alone.size(); i++) {
                    check_same(alone[i], together.data() + i * rows, name + ", together");
                    if (i >= 2 && i < 6) check_same(alone[i], fewer.data() + (i - 2) * rows, name + ", among few");
                    check_same(alone[i], decide(graph, {fixture.sequences[i]}).data(), name + ", after others");
                    check_same(alone[i], decide(graph, {fixture.sequences[i]}).data(), name + ", again");
                }
            }
        }
    }
}

QRAG_TEST(fast_engine_keeps_no_second_copy_of_its_blocks) {
    const PlainModel model = make_plain_model(false, 24);
    Engine engine(model.numbers, model.specs(), 1, "portable");
    model.fill(engine);
    engine.seal();
    check(engine.weights().blocks_released(), "released");
    check(engine.score({1, 2}, {0, 2}, Mode::decision).size() == 3, "decides");
    check_throws(Code::input_invalid, "reference", [&] { engine.score({1, 2}, {0, 2}, Mode::argmax); });
    check_throws(Code::input_invalid, "reference", [&] { engine.trace({1, 2}); });
}

QRAG_TEST(fast_graph_stops_when_cancelled_and_is_right_afterwards) {
    Fixture fixture(Kind::plain, 23);
    int asked = 0, limit = 0;
    FastGraph graph = fixture.graph(portable_kernels, 2, [&] { return ++asked == limit; });
    const std::vector<float> expected = decide(graph, {fixture.sequences[4]});
    for (limit = 1; limit <= 6; limit++) {
        asked = 0;
        check_throws(Code::disposed, "disposed", [&] {
            decide(graph, fixture.sequences);
            decide(graph, {fixture.sequences[8]});
        });
        asked = 100;
        check_same(expected, decide(graph, {fixture.sequences[4]}).data(), "after a stop at " + std::to_string(limit));
    }
}
