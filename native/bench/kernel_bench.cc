// How fast each kernel set's parts are by themselves, on arrays of a model's shape: products beside what the machine's
// multipliers could do, and what a block's other steps cost.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <random>
#include <string>

#include "../engine/fast/key_values.h"
#include "../engine/fast/packed.h"
#include "../kernels/dispatch.h"
#include "peak.h"

using namespace qrag;

namespace {

constexpr char usage[] = R"(kernel_bench [decoder|encoder] [rows] [keys] [kernel set]

  decoder   the published shape: 512, 8 heads of 64, RMS norm and SwiGLU; usually 118 rows that see 200 keys each, which
            is half of a pair of 300 tokens without its system text
  encoder   MiniLM's shape: 384, 12 heads of 32, biases, GELU and layer norm; usually 150 rows that see 300 keys each,
            which is half of a pair of 300 tokens

Without a model both, without a kernel set all that run on this machine.
)";

/** One of a block's four matrices, once for each block: as far away in memory as in a model. */
struct Shape {
    const char * name;
    size_t inputs, channels;
    Into into;
};

struct Model {
    const char * name;
    size_t embedding, feed_forward, heads, heads_kv, width, blocks;
    /** With biases, and layer norm behind each half of a block instead of RMS norm before it. */
    bool encoder;
    size_t rows, keys;  // unless others are asked for
    std::array<Shape, 4> shapes;
};

constexpr Model models[] = {
    {"decoder", 512, 1408, 8, 2, 64, 12, false, 118, 200,
     {{{"qkv", 512, 12 * 64, Into::store}, {"output", 512, 512, Into::add}, {"gate_up", 512, 2 * 1408, Into::swiglu}, {"down", 1408, 512, Into::add}}}},
    {"encoder", 384, 1536, 12, 12, 32, 6, true, 150, 300,
     {{{"qkv", 384, 36 * 32, Into::store}, {"output", 384, 384, Into::add}, {"up", 384, 1536, Into::gelu}, {"down", 1536, 384, Into::add}}}},
};

/** Seconds that one call of `body` takes: the fastest of some rounds, of enough calls to be measured. */
template <typename Body>
double seconds(Body body) {
    using Clock = std::chrono::steady_clock;
    body();
    double best = 1e9;
    for (int round = 0; round < 12; round++) {
        size_t calls = 0;
        const auto begun = Clock::now();
        double taken = 0;
        while (taken < 0.02) {
            body();
            calls++;
            taken = std::chrono::duration<double>(Clock::now() - begun).count();
        }
        best = std::min(best, taken / static_cast<double>(calls));
    }
    return best;
}

std::vector<float> random_floats(size_t count, std::mt19937 & random) {
    std::normal_distribution<float> normal;
    std::vector<float> result(count);
    for (float & each : result) each = normal(random);
    return result;
}

/** "  123 G operations/s   45%", the latter if the most there could be is known. */
std::string speed(double operations, double taken, double peak) {
    char text[80];
    const double reached = operations / taken;
    const int length = std::snprintf(text, sizeof text, "  %7.0f G operations/s", reached / 1e9);
    if (peak > 0) std::snprintf(text + length, sizeof text - static_cast<size_t>(length), "  %3.0f%%", 100 * reached / peak);
    return text;
}

/** Operations a second of a set's own instructions on registers: of int8 numbers, and of floats. */
struct Peaks {
    double integers, floats;
};

struct Timings {
    const Kernels & kernels;
    const Model & model;
    size_t rows, keys;
    std::mt19937 random{1};
    double block = 0;  // seconds of a block's parts so far

    void part(const char * name, double taken, const std::string & rest = "") {
        block += taken;
        std::printf("  %-10s %9.1f us%s\n", name, taken * 1e6, rest.c_str());
    }

    void products(const Shape & shape, double peak) {
        std::vector<Packed> matrices;
        for (size_t i = 0; i < model.blocks; i++) {
            Packed & packed = matrices.emplace_back(shape.inputs, shape.channels, /*four_bit=*/false, kernels.short_sums);
            for (size_t c = 0; c < shape.channels; c++) {
                packed.set(c, {random_floats(shape.inputs, random), {}});
                if (model.encoder) packed.set_bias(c, 0.1f);
            }
        }
        const size_t inputs = matrices[0].inputs(), stride = quantized_stride(inputs);
        Aligned<uint8_t> quantized(round_up(rows, 2 * row_step) * stride);
        Aligned<float> scales(rows), out(rows * shape.channels);
        for (size_t r = 0; r < rows; r++) {
            scales[r] = kernels.quantize(random_floats(shape.inputs, random).data(), shape.inputs, quantized.data() + r * stride, inputs);
        }
        size_t turn = 0;
        const double taken = seconds([&] {
            const Packed & packed = matrices[turn++ % matrices.size()];
            const Panels panels = packed.panels(0, packed.channels(), kernels, nullptr);
            const size_t columns = shape.into == Into::swiglu ? shape.channels / 2 : shape.channels;
            kernels.multiply({quantized.data(), scales.data(), rows, stride}, panels, shape.into, out.data(), columns);
        });
        part(shape.name, taken, speed(2 * static_cast<double>(rows * shape.inputs * shape.channels), taken, peak));
    }

    void vectors() {
        const size_t embedding = model.embedding, feed_forward = model.feed_forward;
        const std::vector<float> x = random_floats(feed_forward, random), weight = random_floats(embedding, random);
        const std::vector<float> bias = random_floats(embedding, random);
        std::vector<float> state = x;
        Aligned<uint8_t> quantized(round_up(feed_forward, input_step));
        const auto all_rows = static_cast<double>(rows);
        const double quantize = seconds([&] { kernels.quantize(x.data(), embedding, quantized.data(), embedding); });
        const double inside = seconds([&] { kernels.quantize(x.data(), feed_forward, quantized.data(), feed_forward); });
        if (model.encoder) {
            part("norms", all_rows * 2 * seconds([&] { kernels.layer_norm(state.data(), weight.data(), bias.data(), 1e-12f, embedding); }));
            part("quantize", all_rows * (3 * quantize + inside));
        } else {
            part("norms", all_rows * 2 * seconds([&] { kernels.normalize(x.data(), weight.data(), 1e-5f, embedding, quantized.data(), embedding); }));
            part("quantize", all_rows * (quantize + inside));
        }
    }

    void attention(double peak) {
        const size_t width = model.width;
        KeyValues sequence(kernels.block, 1, model.heads_kv, width, /*keep_all=*/true);
        sequence.begin(keys, nullptr, 0);
        const std::vector<float> x = random_floats(width, random);
        for (size_t head = 0; head < model.heads_kv; head++) {
            for (size_t position = 0; position < keys; position++) sequence.set(0, head, position, x.data(), x.data());
        }
        part("keys", static_cast<double>(rows * model.heads_kv) * seconds([&] { sequence.set(0, 0, keys - 1, x.data(), x.data()); }));
        const size_t together = kernels.attention_rows;
        const std::vector<float> q = random_floats(together * width, random);
        std::vector<float> out(together * width);
        std::vector<const float *> from;
        std::vector<float *> to;
        const std::vector<size_t> seen(together, keys);
        for (size_t i = 0; i < together; i++) from.push_back(q.data() + i * width), to.push_back(out.data() + i * width);
        Aligned<float> scratch(attention_scratch(together, keys, width));
        const double calls = static_cast<double>(rows * model.heads) / static_cast<double>(together);
        const double taken = calls * seconds([&] {
            kernels.attend({sequence.blocks(0, 0), width, together, from.data(), to.data(), seen.data(), scratch.data()});
        });
        part("attention", taken, speed(4 * static_cast<double>(rows * model.heads * keys * width), taken, peak));
    }
};

Peaks peaks_of(const Kernels & kernels) {
    constexpr size_t rounds = 10000;
    double made = 0;
    const double integers = seconds([&] { made = multiply_registers(kernels.name, rounds); });
    const double of_integers = 2 * made / integers;
    const double floats = seconds([&] { made = multiply_floats(kernels.name, rounds); });
    return {of_integers, 2 * made / floats};
}

void time_set(const Kernels & kernels, const Model & model, size_t rows, size_t keys) {
    kernels.begin_thread();
    const Peaks peaks = peaks_of(kernels);
    std::printf("%s, %s, %zu rows, %zu keys", kernels.name, model.name, rows, keys);
    if (peaks.integers > 0) std::printf(": on registers %.0f G operations/s of int8", peaks.integers / 1e9);
    if (peaks.floats > 0) std::printf(", %.0f of floats", peaks.floats / 1e9);
    std::printf("\n");
    Timings timings{kernels, model, rows, keys};
    for (const Shape & shape : model.shapes) timings.products(shape, peaks.integers);
    timings.vectors();
    timings.attention(peaks.floats);
    const double all = timings.block * static_cast<double>(model.blocks);
    std::printf("  %zu blocks  %9.1f us\n", model.blocks, all * 1e6);
    kernels.end_thread();
}

/** A number, or nothing if `text` is something else. */
std::optional<size_t> number(const std::string & text) {
    if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    const size_t value = std::stoul(text);
    return value == 0 ? std::nullopt : std::optional(value);
}

}  // namespace

int main(int count, char ** arguments) {
    std::string only_model, only_set;
    std::vector<size_t> numbers;
    for (int i = 1; i < count; i++) {
        const std::string argument = arguments[i];
        const bool is_model = std::any_of(std::begin(models), std::end(models), [&](const Model & each) { return argument == each.name; });
        const std::vector<const Kernels *> sets = usable_kernels();
        const bool is_set = std::any_of(sets.begin(), sets.end(), [&](const Kernels * each) { return argument == each->name; });
        if (is_model) {
            only_model = argument;
        } else if (is_set) {
            only_set = argument;
        } else if (const std::optional<size_t> value = number(argument); value && numbers.size() < 2) {
            numbers.push_back(*value);
        } else {
            const bool asked = argument == "--help" || argument == "-h" || argument == "help";
            if (!asked) std::fprintf(stderr, "%s is neither a model, nor rows or keys, nor a kernel set of this machine\n\n", argument.c_str());
            std::fputs(usage, asked ? stdout : stderr);
            return asked ? 0 : 2;
        }
    }
    for (const Model & model : models) {
        if (!only_model.empty() && only_model != model.name) continue;
        for (const Kernels * kernels : usable_kernels()) {
            if (!only_set.empty() && only_set != kernels->name) continue;
            time_set(*kernels, model, numbers.empty() ? model.rows : numbers[0], numbers.size() < 2 ? model.keys : numbers[1]);
        }
    }
}
