// Every kernel set this machine runs, against plain loops.
#include <algorithm>
#include <cstring>
#include <random>

#include "check.h"
#include "kernel_sets.h"

using namespace qrag;
using namespace qrag::test;

namespace {

/** Quantized rows as a kernel set stores them. */
struct Activations {
    Activations(const Kernels & kernels, size_t count, size_t inputs)
        : data((count + 2 * row_step) * inputs), scales(count), offset(kernels.offset_activations ? 128 : 0) {
        rows = {data.data(), scales.data(), count, inputs};
    }
    void set(size_t row, size_t input, int value) {
        data[row * rows.stride + input] = static_cast<uint8_t>(value + offset);
    }
    int get(size_t row, size_t input) const {
        const uint8_t byte = data[row * rows.stride + input];
        return offset != 0 ? byte - 128 : static_cast<int8_t>(byte);
    }
    Aligned<uint8_t> data;
    Aligned<float> scales;
    int offset;
    Rows rows;
};

/** Products with integers by `activation(row, input)` and with weights by `weight(channel, input)`, of magnitude up to 127. */
template <typename Activation, typename Weight>
void compare_products(size_t rows, size_t channels, size_t inputs, Activation activation, Weight weight) {
    for_each_set([&](const Kernels & kernels) {
        Packed packed(inputs, channels, /*four_bit=*/false, kernels.short_sums);
        std::vector<float> plain(inputs);
        for (size_t c = 0; c < channels; c++) {
            for (size_t i = 0; i < inputs; i++) plain[i] = static_cast<float>(weight(c, i));
            packed.set(c, {plain, {}});
        }
        Panels panels = packed.panels(0, packed.channels(), kernels, nullptr);
        Activations activations(kernels, rows, panels.inputs);
        for (size_t r = 0; r < rows; r++) {
            activations.scales[r] = 0.001f * static_cast<float>(r % 7 + 1);
            for (size_t i = 0; i < panels.inputs; i++) activations.set(r, i, i < inputs ? activation(r, i) : 0);
        }
        std::vector<float> stored(rows * panels.channels, -1.0f), added(rows * panels.channels, 0.5f),
            swiglu(rows * panels.channels / 2, -1.0f);
        kernels.multiply(activations.rows, panels, Into::store, stored.data(), panels.channels);
        kernels.multiply(activations.rows, panels, Into::add, added.data(), panels.channels);
        kernels.multiply(activations.rows, panels, Into::swiglu, swiglu.data(), panels.channels / 2);
        std::vector<float> gelu(rows * panels.channels, -1.0f), biased(rows * panels.channels, 0.5f), biases(panels.channels);
        for (size_t c = 0; c < biases.size(); c++) biases[c] = 0.25f * static_cast<float>(c % 9) - 1.0f;
        kernels.multiply(activations.rows, panels, Into::gelu, gelu.data(), panels.channels);
        panels.biases = biases.data();
        kernels.multiply(activations.rows, panels, Into::add, biased.data(), panels.channels);
        for (size_t r = 0; r < rows; r++) {
            const auto product = [&](size_t c) {
                int64_t sum = 0;
                for (size_t i = 0; i < inputs; i++) sum += activations.get(r, i) * packed_weight(panels, c, i);
                return static_cast<double>(sum) * static_cast<double>(activations.scales[r]) * static_cast<double>(panels.scales[c]);
            };
            for (size_t c = 0; c < channels; c++) {
                // The integer sum is exact; one rounding to float and a few multiplications follow.
                const double expected = product(c), tolerance = std::fabs(expected) * 4e-7 + 1e-12;
                check_near(static_cast<double>(stored[r * panels.channels + c]), expected, tolerance, "store");
                check_near(static_cast<double>(added[r * panels.channels + c]), expected + 0.5, tolerance + 1e-7, "add");
                const double offset = 0.5 + static_cast<double>(biases[c]);
                check_near(static_cast<double>(biased[r * panels.channels + c]), expected + offset, tolerance + 2e-7, "add with a bias");
                check_near(static_cast<double>(gelu[r * panels.channels + c]), expected * 0.5 * (1 + std::erf(expected / std::sqrt(2.0))),
                           tolerance + 1.5e-6, "gelu");
                const bool gate = c / panel_channels % 2 == 0 && c + panel_channels < channels;
                if (!gate) continue;
                const double up = product(c + panel_channels), silu = expected / (1 + std::exp(-expected));
                const size_t column = c / panel_channels / 2 * panel_channels + c % panel_channels;
                check_near(static_cast<double>(swiglu[r * panels.channels / 2 + column]), silu * up,
                           // The exponential makes a relative error of what is rounded in its argument.
                           std::fabs(silu * up) * (3e-6 + std::fabs(expected) * 4e-7) + std::fabs(up) * 1e-30, "swiglu");
            }
        }
    });
}

}  // namespace

QRAG_TEST(products_are_exact_for_every_count_of_rows) {
    std::mt19937 random(1);
    const auto any = [&](size_t, size_t) { return static_cast<int>(random() % 255) - 127; };
    for (size_t rows = 1; rows <= 37; rows++) compare_products(rows, 32, 64, any, any);
    compare_products(70, 96, 192, any, any);
    compare_products(5, 32, 1000, any, any);  // padded inputs
    compare_products(21, 32, 1000, any, any);  // the same for kernels that cut long rows, where there are many
}

QRAG_TEST(products_of_extreme_numbers_do_not_saturate) {
    for (const int a : {-127, 127}) {
        for (const int w : {-127, 127}) {
            compare_products(17, 32, 128, [&](size_t, size_t) { return a; }, [&](size_t, size_t) { return w; });
            compare_products(17, 32, 128, [&](size_t, size_t i) { return i % 2 ? a : -a; },
                             [&](size_t, size_t i) { return i % 2 ? w : -w; });
        }
    }
    compare_products(3, 32, 64, [](size_t, size_t) { return 0; }, [](size_t, size_t) { return 1; });
}

QRAG_TEST(nibbles_are_unpacked_to_the_same_bytes_by_every_set) {
    constexpr size_t panels = 3, inputs = 192, count = panels * panel_channels * inputs;
    std::mt19937 random(5);
    Aligned<uint8_t> data(count / 2);
    Aligned<int16_t> multipliers(count / nibble_group);
    for (size_t i = 0; i < data.size(); i++) data[i] = static_cast<uint8_t>(random());
    // -8 times 127 / 8 is the most that the packing makes.
    for (size_t i = 0; i < multipliers.size(); i++) multipliers[i] = static_cast<int16_t>(random() % 8129) - 4064;
    for_each_set([&](const Kernels & kernels) {
        Aligned<int8_t> all(count), last(count / panels);
        kernels.unpack({data.data(), multipliers.data(), inputs}, 0, panels, all.data());
        kernels.unpack({data.data(), multipliers.data(), inputs}, panels - 1, 1, last.data());
        check(std::memcmp(last.data(), all.data() + (panels - 1) * last.size(), last.size()) == 0, "one panel alone");
        for (size_t i = 0; i < count; i++) {
            const size_t panel = i / (panel_channels * inputs), line = i / 64 % (inputs / 4), at = i % 64;
            const uint8_t two = data[panel * panel_channels * inputs / 2 + line / 2 * 64 + at];
            const int nibble = line % 2 == 0 ? two % 16 : two / 16;
            const int multiplier = multipliers[(panel * inputs + line * 4) / nibble_group * panel_channels + at / 4];
            const double exact = (nibble - 8) * multiplier / 256.0;
            check(static_cast<double>(all[i]) == std::floor(exact + 0.5), "byte " + std::to_string(i));
        }
    });
}

QRAG_TEST(rows_are_quantized_to_the_nearest_step) {
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (const size_t count : {1u, 7u, 16u, 63u, 64u, 100u, 512u}) {
        std::vector<float> x(count), weight(count);
        double squares = 0;
        for (size_t i = 0; i < count; i++) {
            x[i] = normal(random) * 3;
            weight[i] = 1 + 0.1f * normal(random);
            squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        }
        const double rms = std::sqrt(squares / static_cast<double>(count) + 1e-5);
        const size_t inputs = (count + input_step - 1) / input_step * input_step;
        for_each_set([&](const Kernels & kernels) {
            for (const bool normed : {false, true}) {
                Activations one(kernels, 1, inputs);
                std::memset(one.data.data(), 77, inputs);
                one.scales[0] = normed ? kernels.normalize(x.data(), weight.data(), 1e-5f, count, one.data.data(), inputs)
                                       : kernels.quantize(x.data(), count, one.data.data(), inputs);
                const auto scale = static_cast<double>(one.scales[0]);
                for (size_t i = 0; i < inputs; i++) {
                    const double plain = i < count ? static_cast<double>(x[i]) : 0;
                    const double expected = normed && i < count ? plain / rms * static_cast<double>(weight[i]) : plain;
                    check_near(one.get(0, i) * scale, expected, scale * 0.5001, "a value");
                    check(std::abs(one.get(0, i)) <= 127, "range");
                }
            }
        });
    }
}

QRAG_TEST(layer_norm_and_dot_equal_plain_loops) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (const size_t count : {1u, 7u, 16u, 63u, 64u, 100u, 384u}) {
        std::vector<float> x(count), weight(count), bias(count);
        for (size_t i = 0; i < count; i++) x[i] = 2 + normal(random) * 3, weight[i] = 1 + 0.1f * normal(random), bias[i] = normal(random);
        double mean = 0, squares = 0, product = 0;
        for (const float each : x) mean += static_cast<double>(each) / static_cast<double>(count);
        for (size_t i = 0; i < count; i++) {
            const double difference = static_cast<double>(x[i]) - mean;
            squares += difference * difference / static_cast<double>(count);
            product += static_cast<double>(x[i]) * static_cast<double>(weight[i]);
        }
        for_each_set([&](const Kernels & kernels) {
            check_near(static_cast<double>(kernels.dot(x.data(), weight.data(), count)), product, 1e-5 * static_cast<double>(count), "dot");
            std::vector<float> normed = x;
            kernels.layer_norm(normed.data(), weight.data(), bias.data(), 1e-5f, count);
            for (size_t i = 0; i < count; i++) {
                const double expected = (static_cast<double>(x[i]) - mean) / std::sqrt(squares + 1e-5) * static_cast<double>(weight[i]) + static_cast<double>(bias[i]);
                check_near(static_cast<double>(normed[i]), expected, 1e-5, "layer norm");
            }
        });
    }
}

QRAG_TEST(a_row_of_zeros_stays_zero) {
    const std::vector<float> zeros(64, 0.0f), ones(64, 1.0f);
    for_each_set([&](const Kernels & kernels) {
        Activations one(kernels, 1, 64);
        check_near(static_cast<double>(kernels.quantize(zeros.data(), 64, one.data.data(), 64)), 0, 0, "scale");
        check(one.get(0, 0) == 0 && one.get(0, 63) == 0, "values");
        kernels.normalize(zeros.data(), ones.data(), 1e-5f, 64, one.data.data(), 64);
        check(one.get(0, 0) == 0, "normalized");
    });
}

namespace {

/** What one row sees and what comes of it, in doubles. */
std::vector<double> attended(const float * query, const std::vector<std::vector<float>> & keys,
                             const std::vector<std::vector<float>> & values, size_t positions) {
    const size_t width = keys[0].size();
    std::vector<double> out(width, 0.0), weights;
    double sum = 0;
    for (size_t p = 0; p < positions; p++) {
        double dot = 0;
        for (size_t d = 0; d < width; d++) dot += static_cast<double>(query[d]) * static_cast<double>(keys[p][d]);
        weights.push_back(std::exp(dot));
        sum += weights.back();
    }
    for (size_t p = 0; p < positions; p++) {
        for (size_t d = 0; d < width; d++) out[d] += weights[p] / sum * static_cast<double>(values[p][d]);
    }
    return out;
}

void compare_attention(size_t width, size_t positions, std::mt19937 & random) {
    constexpr size_t rows = 19;
    std::normal_distribution<float> normal;
    const auto vectors = [&](size_t count, float scale) {
        std::vector<std::vector<float>> all(count, std::vector<float>(width));
        for (auto & one : all) {
            for (float & x : one) x = normal(random) * scale;
        }
        return all;
    };
    const auto keys = vectors(positions, 1), values = vectors(positions, 1), queries = vectors(rows, 0.3f);
    std::vector<const float *> from;
    std::vector<size_t> seen;
    for (size_t r = 0; r < rows; r++) {
        from.push_back(queries[r].data());
        seen.push_back(std::max<size_t>(1, positions - std::min(positions - 1, (rows - 1 - r) / 4)));
    }
    for_each_set([&](const Kernels & kernels) {
        std::vector<Aligned<uint8_t>> blocks, copies;
        std::vector<const uint8_t *> pointers;
        for (size_t p = 0; p < positions; p++) {
            const size_t column = p % kernels.block.positions;
            if (column == 0) {
                blocks.emplace_back(kernels.block.bytes(width));
                copies.emplace_back(kernels.block.bytes(width));
                pointers.push_back(copies.back().data());
            }
            kernels.block.set(blocks.back().data(), width, column, keys[p].data(), values[p].data());
            // Copied one column at a time, each time over the columns before: nothing else may change.
            kernels.block.copy(copies.back().data(), blocks.back().data(), width, column + 1);
        }
        std::vector<float> out(rows * width), alone(width);
        Aligned<float> scratch(attention_scratch(rows, positions, width));
        std::vector<float *> to;
        for (size_t r = 0; r < rows; r++) to.push_back(out.data() + r * width);
        kernels.attend({pointers.data(), width, rows, from.data(), to.data(), seen.data(), scratch.data()});
        for (size_t r = 0; r < rows; r++) {
            float * one = alone.data();
            kernels.attend({pointers.data(), width, 1, &from[r], &one, &seen[r], scratch.data()});
            check(std::memcmp(one, to[r], width * sizeof(float)) == 0, "the same bits alone");
            const std::vector<double> expected = attended(from[r], keys, values, seen[r]);
            for (size_t d = 0; d < width; d++) {
                // Rounded numbers of size 1 to 4 in a dot product of up to 80: some ten steps at the worst.
                const double tolerance = 2e-5 + 10 * static_cast<double>(kernels.attention_step);
                check_near(static_cast<double>(to[r][d]), expected[d], tolerance, "attention");
            }
        }
    });
}

}  // namespace

QRAG_TEST(attention_equals_plain_loops_and_does_not_depend_on_its_neighbours) {
    std::mt19937 random(3);
    for (const size_t width : {16u, 32u, 64u, 80u}) {
        for (const size_t positions : {1u, 2u, 15u, 16u, 17u, 31u, 32u, 33u, 100u}) {
            compare_attention(width, positions, random);
        }
    }
}

QRAG_TEST(kernels_are_chosen_by_name) {
    check(choose_kernels("") == usable_kernels().front(), "the best by default");
    check(choose_kernels("portable") == &portable_kernels && usable_kernels().back() == &portable_kernels, "portable");
    check(choose_kernels("avx9000") == nullptr, "unknown");
    for (const Kernels * kernels : usable_kernels()) check(choose_kernels(kernels->name) == kernels, kernels->name);
}
