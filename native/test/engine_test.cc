// The reference graph against plain loops in doubles.
#include "../engine/engine.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "../kernels/dispatch.h"
#include "check.h"
#include "plain_decoder.h"

using namespace qrag;
using namespace qrag::test;

namespace {

// Three blocks of sums of at most 50 products near 1 in F32: 1e-4 is far above rounding and far below any wrong wiring.
constexpr double tolerance = 1e-4;

const std::vector<std::vector<int32_t>> sequences = {
    {1}, {4, 9, 2, 30, 7, 7, 11}, {4, 9, 2, 31}, {4, 9, 2, 30, 7, 49, 0, 3, 12, 5, 6, 8, 13}};

struct Flat {
    std::vector<int32_t> tokens, offsets{0};
};

Flat pack(const std::vector<std::vector<int32_t>> & all) {
    Flat packed;
    for (const auto & sequence : all) {
        packed.tokens.insert(packed.tokens.end(), sequence.begin(), sequence.end());
        packed.offsets.push_back(static_cast<int32_t>(packed.tokens.size()));
    }
    return packed;
}

void compare(bool optional, unsigned seed, int threads) {
    const PlainModel model = make_plain_model(optional, seed);
    Engine engine(model.numbers, model.specs(), threads, "reference");
    model.fill(engine);
    engine.seal();
    const Flat all = pack(sequences);
    const std::vector<float> together = engine.score(all.tokens, all.offsets, Mode::decision);
    const std::vector<float> best = engine.score(all.tokens, all.offsets, Mode::argmax);
    const std::vector<float> surprise = engine.score(all.tokens, all.offsets, Mode::surprise);
    for (size_t i = 0; i < sequences.size(); i++) {
        const Flat one = pack({sequences[i]});
        const std::vector<float> alone = engine.score(one.tokens, one.offsets, Mode::decision);
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

QRAG_TEST(engine_traces_named_steps) {
    const PlainModel model = make_plain_model(false, 8);
    Engine engine(model.numbers, model.specs(), 1, "reference");
    model.fill(engine);
    engine.seal();
    const std::vector<Step> steps = engine.trace({1, 2, 3, 4});
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
    const PlainModel model = make_plain_model(false, 9);
    check_throws(Code::input_invalid, "threads", [&] { Engine(model.numbers, model.specs(), 0, ""); });
    check_throws(Code::input_invalid, "threads", [&] { Engine(model.numbers, model.specs(), 1 << 20, ""); });
}

QRAG_TEST(engine_knows_its_kernels) {
    const PlainModel model = make_plain_model(false, 11);
    const auto kernels = [&](const std::string & name) { return Engine(model.numbers, model.specs(), 1, name).kernels(); };
    check(kernels("reference") == nullptr && kernels("portable") == &portable_kernels, "by name");
    const Kernels * best = usable_kernels().front();
    check(kernels("") == (best == &portable_kernels ? nullptr : best), "by default");
    check_throws(Code::input_invalid, "which has: ", [&] { kernels("neon9"); });
}

void stops_when_cancelled(const std::string & kernels) {
    const PlainModel model = make_plain_model(false, 10);
    Engine engine(model.numbers, model.specs(), 2, kernels);
    model.fill(engine);
    engine.seal();
    std::atomic<int> runs{0};
    std::atomic<bool> stopped{false};
    std::thread scorer([&] {
        const Flat all = pack(sequences);
        try {
            for (;; runs++) engine.score(all.tokens, all.offsets, Mode::decision);
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
