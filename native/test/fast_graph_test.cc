// The fast graph against plain loops, and against itself in every company.
#include "../engine/fast/graph.h"

#include <cstring>
#include <memory>
#include <optional>
#include <random>

#include "../kernels/dispatch.h"
#include "check.h"
#include "plain_decoder.h"
#include "plain_encoder.h"

using namespace qrag;
using namespace qrag::test;

namespace {

/** Small models: decoders with and without their optional parts, encoders for labels and for vectors, Q4_0 where rows allow. */
struct Kind {
    const char * name;
    bool encoder, four_bit, optional;
    int64_t labels;
    std::optional<Pooling> pooling;
    bool exits = false;
};
const Kind exiting = {"encoder with an early exit", true, false, false, 2, {}, true};
const Kind kinds[] = {
    {"decoder", false, false, false, 3, {}},
    {"decoder with optional parts", false, false, true, 3, {}},
    {"decoder in four bits", false, true, false, 3, {}},
    {"encoder with two labels", true, false, false, 2, {}},
    {"encoder in four bits", true, true, false, 1, {}},
    exiting,
    {"encoder in four bits with an early exit", true, true, false, 1, {}, true},
    {"encoder with mean pooling", true, false, false, 0, Pooling::mean},
    {"encoder with cls pooling", true, true, false, 0, Pooling::cls},
};

/** Quantizes what is announced as Q4_0, and puts what that makes of it into the model. */
void fill_four_bit(PlainModel & model, const std::vector<TensorSpec> & specs, Engine & engine) {
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
    Fixture(const Kind & of, unsigned seed) : kind(of) {
        if (kind.encoder) {
            encoder = make_encoder(kind.labels, seed, kind.four_bit);
        } else {
            decoder = make_decoder(kind.optional, seed, kind.four_bit);
        }
        std::vector<TensorSpec> specs = model().specs();
        for (TensorSpec & spec : specs) {
            const bool matrix = spec.name.rfind("blk.", 0) == 0 && spec.shape.size() == 2;
            if (kind.four_bit && matrix && spec.shape[0] % 32 == 0) spec.type = "Q4_0";
        }
        const EngineOptions options{1, "reference", false, kind.pooling};
        engine = std::make_unique<Engine>(*model().architecture, model().numbers, specs, options);
        kind.four_bit ? fill_four_bit(model(), specs, *engine) : model().fill(*engine);
        std::mt19937 random(seed);
        const std::vector<int32_t> prefix = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4};
        for (size_t i = 0; i < 9; i++) {
            std::vector<int32_t> sequence(prefix.begin(), prefix.begin() + static_cast<ptrdiff_t>(i < 8 ? 20 : 2));
            for (size_t j = 0; j < 1 + i * 5; j++) sequence.push_back(static_cast<int32_t>(random() % 50));
            sequences.push_back(sequence);
        }
        if (!kind.exits) return;
        std::vector<size_t> seconds;
        for (const auto & sequence : sequences) seconds.push_back(second(sequence));
        exit = make_exit(encoder, sequences, seconds, seed);
    }

    PlainModel & model() { return kind.encoder ? static_cast<PlainModel &>(encoder) : decoder; }

    FastGraph graph(const Kernels & kernels, size_t threads, std::function<bool()> cancelled = [] { return false; },
                    bool unpack = false) {
        const Packing packing{kernels, unpack, threads, [](size_t) {}};
        return FastGraph(model().architecture->recipe, model().numbers, engine->weights(), kind.pooling, exit, packing, cancelled);
    }

    /** Where a sequence's second text begins. */
    size_t second(const std::vector<int32_t> & sequence) const { return kind.encoder ? sequence.size() / 3 : sequence.size(); }

    std::vector<double> expected(const std::vector<int32_t> & sequence) const {
        if (!kind.encoder) return decoder.decide(sequence);
        return kind.pooling ? encoder.pooled(sequence, second(sequence), *kind.pooling)
                            : encoder.classify(sequence, second(sequence), exit ? &*exit : nullptr);
    }

    std::vector<float> compute(FastGraph & graph, const std::vector<std::vector<int32_t>> & all) const {
        Sequences packed{{}, {0}, {}};
        for (const auto & sequence : all) {
            packed.tokens.insert(packed.tokens.end(), sequence.begin(), sequence.end());
            packed.offsets.push_back(static_cast<int32_t>(packed.tokens.size()));
            if (kind.encoder) packed.seconds.push_back(static_cast<int32_t>(second(sequence)));
        }
        return graph.compute(packed);
    }

    const Kind & kind;
    PlainDecoder decoder;
    PlainEncoder encoder;
    std::unique_ptr<Engine> engine;
    std::vector<std::vector<int32_t>> sequences;
    std::optional<EarlyExit> exit;
};

/** All kernel sets, and once more with int8 made of four bits where there are such. */
std::vector<std::pair<const Kernels *, bool>> sets_of(const Kind & kind) {
    std::vector<std::pair<const Kernels *, bool>> sets;
    for (const Kernels * kernels : usable_kernels()) {
        sets.emplace_back(kernels, false);
        if (kind.four_bit) sets.emplace_back(kernels, true);
    }
    return sets;
}

void check_same(const std::vector<float> & a, const float * b, const std::string & what) {
    check(std::memcmp(a.data(), b, a.size() * sizeof(float)) == 0, what);
}

}  // namespace

QRAG_TEST(fast_graph_is_near_plain_loops) {
    for (const Kind & kind : kinds) {
        Fixture fixture(kind, 21);
        for (const auto & [kernels, unpack] : sets_of(kind)) {
            FastGraph graph = fixture.graph(*kernels, 2, [] { return false; }, unpack);
            const std::vector<float> values = fixture.compute(graph, fixture.sequences);
            double error = 0, size = 0;
            for (size_t i = 0; i < fixture.sequences.size(); i++) {
                const std::vector<double> expected = fixture.expected(fixture.sequences[i]);
                for (size_t at = 0; at < expected.size(); at++) {
                    const double difference = static_cast<double>(values[i * expected.size() + at]) - expected[at];
                    error += difference * difference;
                    size += expected[at] * expected[at];
                }
            }
            // Seven roundings to 8 bits a block, or less, three blocks; the larger model attends more sharply, and a norm behind each
            // half of a block makes every error one of the whole state. A wrong
            // wiring has an error of the size of the result.
            const double bits = kernels->short_sums ? 2 : 1;
            const double allowed = (kind.four_bit || kind.encoder ? 0.1 : 0.05) * bits + 4 * static_cast<double>(kernels->attention_step);
            check(std::sqrt(error / size) < allowed,
                  std::string(kernels->name) + ", " + kind.name + ": " + std::to_string(std::sqrt(error / size)));
        }
    }
}

QRAG_TEST(fast_graph_gives_the_same_bits_in_every_company) {
    for (const Kind & kind : kinds) {
        Fixture fixture(kind, 22);
        for (const Kernels * kernels : usable_kernels()) {
            std::vector<std::vector<float>> alone;
            for (const auto & sequence : fixture.sequences) {
                FastGraph fresh = fixture.graph(*kernels, 1);
                alone.push_back(fixture.compute(fresh, {sequence}));
            }
            const size_t width = alone[0].size();
            for (const size_t threads : {1u, 2u, 5u}) {
                FastGraph graph = fixture.graph(*kernels, threads);
                const std::string name = std::string(kernels->name) + ", " + kind.name + ", threads " + std::to_string(threads);
                const std::vector<float> together = fixture.compute(graph, fixture.sequences);
                const std::vector<std::vector<int32_t>> few(fixture.sequences.begin() + 2, fixture.sequences.begin() + 6);
                const std::vector<float> fewer = fixture.compute(graph, few);
                for (size_t i = 0; i < alone.size(); i++) {
                    check_same(alone[i], together.data() + i * width, name + ", together");
                    if (i >= 2 && i < 6) check_same(alone[i], fewer.data() + (i - 2) * width, name + ", among few");
                    check_same(alone[i], fixture.compute(graph, {fixture.sequences[i]}).data(), name + ", after others");
                    check_same(alone[i], fixture.compute(graph, {fixture.sequences[i]}).data(), name + ", again");
                }
            }
        }
    }
}

QRAG_TEST(fast_engine_keeps_no_second_copy_of_its_blocks) {
    const PlainDecoder model = make_decoder(false, 24);
    Engine engine(*model.architecture, model.numbers, model.specs(), {1, "portable", false, {}});
    model.fill(engine);
    engine.seal();
    const Sequences two{{1, 2}, {0, 2}, {}};
    check(engine.weights().blocks_released(), "released");
    check(engine.score(two, Mode::decision).size() == 3, "decides");
    check_throws(Code::input_invalid, "reference", [&] { engine.score(two, Mode::argmax); });
    check_throws(Code::input_invalid, "reference", [&] { engine.trace(two); });
}

QRAG_TEST(fast_graph_stops_when_cancelled_and_is_right_afterwards) {
    for (const Kind & kind : {kinds[0], kinds[3], kinds[5], exiting}) {
        Fixture fixture(kind, 23);
        int asked = 0, limit = 0;
        FastGraph graph = fixture.graph(portable_kernels, 2, [&] { return ++asked == limit; });
        const std::vector<float> expected = fixture.compute(graph, {fixture.sequences[4]});
        for (limit = 1; limit <= 6; limit++) {
            asked = 0;
            check_throws(Code::disposed, "disposed", [&] {
                fixture.compute(graph, fixture.sequences);
                fixture.compute(graph, {fixture.sequences[8]});
            });
            asked = 100;
            check_same(expected, fixture.compute(graph, {fixture.sequences[4]}).data(), "after a stop at " + std::to_string(limit));
        }
    }
}
