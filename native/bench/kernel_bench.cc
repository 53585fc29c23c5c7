// How fast each kernel set's parts are by themselves, on arrays of the published shape: products beside what the machine's
// multipliers could do, and what a block's other steps cost.
//
//   kernel_bench [rows] [keys] [kernel set]      default: 118 rows that see 200 keys each, every set that runs here
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "../engine/fast/key_values.h"
#include "../engine/fast/packed.h"
#include "../kernels/dispatch.h"
#include "peak.h"

using namespace qrag;

namespace {

constexpr size_t embedding = 512, feed_forward = 1408, heads = 8, heads_kv = 2, width = 64, blocks = 12;

/** One of a block's four matrices, once for each block: as far away in memory as in a model. */
struct Shape {
    const char * name;
    size_t inputs, channels;
    Into into;
};

constexpr Shape shapes[] = {
    {"qkv", embedding, (heads + 2 * heads_kv) * width, Into::store},
    {"output", heads * width, embedding, Into::add},
    {"gate_up", embedding, 2 * feed_forward, Into::swiglu},
    {"down", feed_forward, embedding, Into::add},
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

struct Timings {
    const Kernels & kernels;
    size_t rows, keys;
    std::mt19937 random{1};
    double block = 0;  // seconds of a block's parts so far

    void part(const char * name, double taken, const char * rest = "") {
        block += taken;
        std::printf("  %-10s %9.1f us%s\n", name, taken * 1e6, rest);
    }

    void products(const Shape & shape, double peak) {
        std::vector<Packed> matrices;
        for (size_t i = 0; i < blocks; i++) {
            Packed & packed = matrices.emplace_back(shape.inputs, shape.channels, /*four_bit=*/false, kernels.short_sums);
            for (size_t c = 0; c < shape.channels; c++) packed.set(c, {random_floats(shape.inputs, random), {}});
        }
        const size_t inputs = matrices[0].inputs(), stride = quantized_stride(inputs);
        Aligned<uint8_t> quantized(round_up(rows, 2 * row_step) * stride);
        Aligned<float> scales(rows), out(rows * shape.channels);
        for (size_t r = 0; r < rows; r++) {
            scales[r] = kernels.quantize(random_floats(shape.inputs, random).data(), shape.inputs, quantized.data() + r * stride, inputs);
        }
        size_t turn = 0;
        const double taken = seconds([&] {
            const Packed & packed = matrices[turn++ % blocks];
            const Panels panels = packed.panels(0, packed.channels(), kernels, nullptr);
            const size_t columns = shape.into == Into::swiglu ? shape.channels / 2 : shape.channels;
            kernels.multiply({quantized.data(), scales.data(), rows, stride}, panels, shape.into, out.data(), columns);
        });
        const double reached = 2 * static_cast<double>(rows * shape.inputs * shape.channels) / taken;
        char rest[80];
        const int length = std::snprintf(rest, sizeof rest, "  %7.0f G operations/s", reached / 1e9);
        if (peak > 0) std::snprintf(rest + length, sizeof rest - static_cast<size_t>(length), "  %3.0f%%", 100 * reached / peak);
        part(shape.name, taken, rest);
    }

    void vectors() {
        const std::vector<float> x = random_floats(feed_forward, random), weight = random_floats(embedding, random);
        Aligned<uint8_t> quantized(round_up(feed_forward, input_step));
        const auto all_rows = static_cast<double>(rows);
        part("norms", all_rows * 2 * seconds([&] { kernels.normalize(x.data(), weight.data(), 1e-5f, embedding, quantized.data(), embedding); }));
        part("quantize", all_rows * (seconds([&] { kernels.quantize(x.data(), embedding, quantized.data(), embedding); }) +
                                     seconds([&] { kernels.quantize(x.data(), feed_forward, quantized.data(), feed_forward); })));
    }

    void attention() {
        KeyValues sequence(kernels.block, 1, heads_kv, width, /*keep_all=*/true);
        sequence.begin(keys, nullptr, 0);
        const std::vector<float> x = random_floats(width, random);
        for (size_t head = 0; head < heads_kv; head++) {
            for (size_t position = 0; position < keys; position++) sequence.set(0, head, position, x.data(), x.data());
        }
        part("keys", static_cast<double>(rows * heads_kv) * seconds([&] { sequence.set(0, 0, keys - 1, x.data(), x.data()); }));
        const size_t together = kernels.attention_rows;
        const std::vector<float> q = random_floats(together * width, random);
        std::vector<float> out(together * width);
        std::vector<const float *> from;
        std::vector<float *> to;
        const std::vector<size_t> seen(together, keys);
        for (size_t i = 0; i < together; i++) from.push_back(q.data() + i * width), to.push_back(out.data() + i * width);
        Aligned<float> scratch(attention_scratch(together, keys, width));
        const double calls = static_cast<double>(rows * heads) / static_cast<double>(together);
        part("attention", calls * seconds([&] {
            kernels.attend({sequence.blocks(0, 0), width, together, from.data(), to.data(), seen.data(), scratch.data()});
        }));
    }
};

void time_set(const Kernels & kernels, size_t rows, size_t keys) {
    constexpr size_t rounds = 10000;
    kernels.begin_thread();
    double made = 0;
    const double taken = seconds([&] { made = multiply_registers(kernels.name, rounds); });
    const double peak = 2 * made / taken;
    std::printf("%s", kernels.name);
    if (peak > 0) std::printf(": its multipliers make %.0f G operations/s on registers", peak / 1e9);
    std::printf("\n");
    Timings timings{kernels, rows, keys};
    for (const Shape & shape : shapes) timings.products(shape, peak);
    timings.vectors();
    timings.attention();
    const double all = timings.block * blocks;
    std::printf("  %zu blocks  %9.1f us\n", blocks, all * 1e6);
    kernels.end_thread();
}

}  // namespace

int main(int count, char ** arguments) {
    const auto number = [&](int index, size_t usual) { return count > index ? static_cast<size_t>(std::atoll(arguments[index])) : usual; };
    const std::string only = count > 3 ? arguments[3] : "";
    for (const Kernels * kernels : usable_kernels()) {
        if (only.empty() || only == kernels->name) time_set(*kernels, std::max<size_t>(1, number(1, 118)), std::max<size_t>(1, number(2, 200)));
    }
}
