// The reference graph against plain loops in doubles.
#include "../engine/engine.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "../kernels/dispatch.h"
#include "check.h"
#include "plain_decoder.h"
#include "plain_encoder.h"

using namespace qrag;
using namespace qrag::test;

namespace {

// Three blocks of sums of at most 50 products near 1 in F32: 1e-4 is far above rounding and far below any wrong wiring.
constexpr double tolerance = 1e-4;

const std::vector<std::vector<int32_t>> sequences = {
    {1}, {4, 9, 2, 30, 7, 7, 11}, {4, 9, 2, 31}, {4, 9, 2, 30, 7, 49, 0, 3, 12, 5, 6, 8, 13}};

Sequences pack(const std::vector<std::vector<int32_t>> & all) {
    Sequences packed{{}, {0}, {}};
    for (const auto & sequence : all) {
        packed.tokens.insert(packed.tokens.end(), sequence.begin(), sequence.end());
        packed.offsets.push_back(static_cast<int32_t>(packed.tokens.size()));
    }
    return packed;
}

void compare(bool optional, unsigned seed, int threads) {
    const PlainDecoder model = make_decoder(optional, seed);
    Engine engine(*model.architecture, model.numbers, model.specs(), {threads, "reference", false, {}});
    model.fill(engine);
    engine.seal();
    const Sequences all = pack(sequences);
    const std::vector<float> together = engine.score(all, Mode::decision);
    const std::vector<float> best = engine.score(all, Mode::argmax);
    const std::vector<float> surprise = engine.score(all, Mode::surprise);
    for (size_t i = 0; i < sequences.size(); i++) {
        const Sequences one = pack({sequences[i]});
        const std::vector<float> alone = engine.score(one, Mode::decision);
        const std::vector<double> expected = model.decide(sequences[i]);
        for (size_t row = 0; row < expected.size(); row++) {
            check_near(together[i * expected.size() + row], expected[row], tolerance, "in a batch");
            check_near(alone[row], expected[row], tolerance, "alone");
        }
        const auto logits = model.logits(sequences[i]);
        const auto last = logits.back();
        check_near(last[static_cast<size_t>(best[i])], *std::max_element(last.begin(), last.end()), tolerance, "argmax");
        double sum = 0;
        for (size_t t = 0; t + 1 < logits.size(); t++) {
            double total = 0;
            for (const double logit : logits[t]) total += std::exp(logit);
            sum += std::log(total) - logits[t][static_cast<size_t>(sequences[i][t + 1])];
        }
        check_near(surprise[i], sum, tolerance * 10, "surprise");
    }
}

}  // namespace

QRAG_TEST(engine_equals_plain_loops) { compare(false, 5, 1); }
QRAG_TEST(engine_equals_plain_loops_with_threads) { compare(false, 6, 3); }
QRAG_TEST(engine_equals_plain_loops_with_untied_head_and_rope_factors) { compare(true, 7, 2); }

QRAG_TEST(engine_equals_plain_loops_of_an_encoder) {
    for (const int64_t labels : {1, 2}) {
        const PlainEncoder model = make_encoder(labels, 12);
        Engine engine(*model.architecture, model.numbers, model.specs(), {2, "reference", false, {}});
        model.fill(engine);
        engine.seal();
        Sequences all = pack(sequences);
        all.seconds = {0, 3, 4, 5};
        const std::vector<float> together = engine.score(all, Mode::decision);
        for (size_t i = 0; i < sequences.size(); i++) {
            const std::vector<double> expected = model.classify(sequences[i], all.second(i));
            for (size_t row = 0; row < expected.size(); row++) {
                check_near(together[i * expected.size() + row], expected[row], tolerance, "a label");
            }
        }
        check_throws(Code::input_invalid, "no vectors", [&] { engine.score(all, Mode::embed); });
        check_throws(Code::input_invalid, "predict", [&] { engine.score(all, Mode::argmax); });
    }
}

QRAG_TEST(engine_exits_where_plain_loops_do) {
    for (const int64_t labels : {1, 2}) {
        const PlainEncoder model = make_encoder(labels, 14);
        Sequences all = pack(sequences);
        all.seconds = {0, 3, 4, 5};
        EarlyExit exit = make_exit(model, sequences, {0, 3, 4, 5}, 14);
        Engine engine(*model.architecture, model.numbers, model.specs(), {2, "reference", false, {}, exit});
        model.fill(engine);
        engine.seal();
        const std::vector<float> together = engine.score(all, Mode::decision);
        size_t exits = 0;
        for (size_t i = 0; i < sequences.size(); i++) {
            exits += model.guess(sequences[i], all.second(i), exit) < static_cast<double>(exit.below) ? 1 : 0;
            const std::vector<double> expected = model.classify(sequences[i], all.second(i), &exit);
            for (size_t row = 0; row < expected.size(); row++) {
                check_near(together[i * expected.size() + row], expected[row], tolerance, "a label");
            }
        }
        check(exits > 0 && exits < sequences.size(), "some take the exit and some do not");
    }
}

QRAG_TEST(engine_refuses_an_exit_that_the_model_cannot_have) {
    const PlainEncoder model = make_encoder(2, 15), vectors = make_encoder(0, 15);
    const PlainDecoder decoder = make_decoder(false, 15);
    const EarlyExit good = make_exit(model, sequences, {0, 3, 4, 5}, 15);
    const auto refuses = [](const PlainModel & of, EarlyExit exit, std::optional<Pooling> pooling, const char * what) {
        check_throws(Code::model_invalid, what, [&] { Engine(*of.architecture, of.numbers, of.specs(), {1, "reference", false, pooling, exit}); });
    };
    refuses(decoder, good, {}, "an encoder");
    refuses(vectors, good, Pooling::mean, "a classifier");
    refuses(model, good, Pooling::cls, "a classifier");
    refuses(make_encoder(3, 15), good, {}, "one or two labels");
    for (const int64_t blocks : {int64_t{0}, int64_t{-1}, model.numbers.block_count}) {
        refuses(model, {blocks, good.below, good.weight, good.bias}, {}, "outside the model");
    }
    refuses(model, {1, good.below, {1, 2, 3}, good.bias}, {}, "as long as a state");
    refuses(model, {1, good.below, good.weight, NAN}, {}, "not finite");
    refuses(model, {1, -INFINITY, good.weight, good.bias}, {}, "not finite");
    std::vector<float> damaged = good.weight;
    damaged.back() = NAN;
    refuses(model, {1, good.below, damaged, good.bias}, {}, "not finite");
}

QRAG_TEST(engine_pools_as_plain_loops_do) {
    const PlainEncoder model = make_encoder(0, 13);
    for (const Pooling pooling : {Pooling::mean, Pooling::cls, Pooling::last}) {
        Engine engine(*model.architecture, model.numbers, model.specs(), {1, "reference", false, pooling});
        model.fill(engine);
        engine.seal();
        const Sequences all = pack(sequences);
        const std::vector<float> together = engine.score(all, Mode::embed);
        for (size_t i = 0; i < sequences.size(); i++) {
            const std::vector<double> expected = model.pooled(sequences[i], all.second(i), pooling);
            for (size_t d = 0; d < expected.size(); d++) check_near(together[i * expected.size() + d], expected[d], tolerance, "a dimension");
        }
        check_throws(Code::input_invalid, "not decisions", [&] { engine.score(all, Mode::decision); });
    }
    check_throws(Code::model_invalid, "neither", [&] {
        Engine(*model.architecture, model.numbers, model.specs(), {1, "reference", false, {}});
    });
}

QRAG_TEST(engine_traces_named_steps) {
    const PlainDecoder model = make_decoder(false, 8);
    Engine engine(*model.architecture, model.numbers, model.specs(), {1, "reference", false, {}});
    model.fill(engine);
    engine.seal();
    engine.score(pack({{5, 6, 7, 8}}), Mode::decision);  // memory that is laid out for no steps must not serve for them
    const std::vector<Step> steps = engine.trace(pack({{1, 2, 3, 4}}));
    size_t found = 0;
    for (const Step & step : steps) {
        if (step.name == "blk.2.q") {
            check(step.values.size() == 4 * 48, "q's size");
            found++;
        }
        if (step.name == "logits") {
            const std::vector<double> expected = model.decide({1, 2, 3, 4});
            for (size_t i = 0; i < expected.size(); i++) check_near(step.values[i], expected[i], tolerance, "logits");
            found++;
        }
    }
    check(found == 2, "steps");
}

QRAG_TEST(engine_refuses_threads_out_of_range) {
    const PlainDecoder model = make_decoder(false, 9);
    check_throws(Code::input_invalid, "threads", [&] { Engine(*model.architecture, model.numbers, model.specs(), {0, "", false, {}}); });
    check_throws(Code::input_invalid, "threads", [&] { Engine(*model.architecture, model.numbers, model.specs(), {1 << 20, "", false, {}}); });
}

QRAG_TEST(engine_knows_its_kernels) {
    const PlainDecoder model = make_decoder(false, 11);
    const auto kernels = [&](const std::string & name) { return Engine(*model.architecture, model.numbers, model.specs(), {1, name, false, {}}).kernels(); };
    check(kernels("reference") == nullptr && kernels("portable") == &portable_kernels, "by name");
    const Kernels * best = usable_kernels().front();
    check(kernels("") == (best == &portable_kernels ? nullptr : best), "by default");
    check_throws(Code::input_invalid, "which has: ", [&] { kernels("neon9"); });
}

void stops_when_cancelled(const std::string & kernels) {
    const PlainDecoder model = make_decoder(false, 10);
    Engine engine(*model.architecture, model.numbers, model.specs(), {2, kernels, false, {}});
    model.fill(engine);
    engine.seal();
    std::atomic<int> runs{0};
    std::atomic<bool> stopped{false};
    std::thread scorer([&] {
        const Sequences all = pack(sequences);
        try {
            for (;; runs++) engine.score(all, Mode::decision);
        } catch (const Error & error) {
            stopped = error.code == Code::disposed;
        }
    });
    while (runs < 3) std::this_thread::yield();
    engine.cancel();
    scorer.join();
    check(stopped, "the run ends with disposed");
}

QRAG_TEST(reference_engine_stops_when_cancelled) { stops_when_cancelled("reference"); }
QRAG_TEST(fast_engine_stops_when_cancelled) { stops_when_cancelled("portable"); }
