// Packed weights: each within half a step of what it was, and of the size that the kernels' sums hold.
#include <algorithm>
#include <random>
#include <vector>

#include "check.h"
#include "kernel_sets.h"

using namespace qrag;
using namespace qrag::test;

QRAG_TEST(weights_are_packed_to_the_nearest_step_and_sums_of_16_bits_hold_them) {
    constexpr size_t inputs = 100;
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (const bool short_sums : {false, true}) {
        Packed packed(inputs, panel_channels, /*four_bit=*/false, short_sums);
        std::vector<std::vector<float>> plain(panel_channels, std::vector<float>(inputs));
        for (size_t c = 0; c < panel_channels; c++) {
            // Alike, alike but for the sign, one large among small ones, and anything.
            for (size_t i = 0; i < inputs; i++) {
                plain[c][i] = c == 0 ? 1 : c == 1 ? (i % 3 ? 1.0f : -1.0f) : c == 2 ? (i == 50 ? 9.0f : 0.1f) : normal(random);
            }
            packed.set(c, {plain[c], {}});
        }
        const Panels panels = packed.panels(0, panel_channels, portable_kernels, nullptr);
        int largest = 0;
        for (size_t c = 0; c < panel_channels; c++) {
            for (size_t i = 0; i < inputs; i++) {
                check_near(static_cast<double>(panels.scales[c]) * packed_weight(panels, c, i), static_cast<double>(plain[c][i]),
                           static_cast<double>(panels.scales[c]) * 0.5001, "a weight");
            }
            for (size_t i = 0; i < panels.inputs; i += i % 8 == 0 ? 2 : 6) {
                int above = 0, below = 0;
                for (const size_t at : {i, i + 1, i + 4, i + 5}) {
                    above += std::max(packed_weight(panels, c, at), 0);
                    below += std::max(-packed_weight(panels, c, at), 0);
                }
                largest = std::max({largest, above, below});
            }
        }
        if (short_sums) check(largest <= max_short_sum && largest >= max_short_sum - 4, "the sums are used to their limit");
        else check(largest == 4 * max_weight, "weights reach their limit");
    }
}

QRAG_TEST(four_bit_rows_keep_their_values) {
    constexpr size_t inputs = 96;
    std::mt19937 random(6);
    for_each_set([&](const Kernels & kernels) {
        Packed four(inputs, panel_channels, /*four_bit=*/true, kernels.short_sums);
        std::vector<SourceRow> rows(panel_channels - 1);  // the last channel stays empty
        for (size_t c = 0; c < rows.size(); c++) {
            for (size_t i = 0; i < inputs; i++) {
                // A channel of zeros, a group of zeros with any step, negative steps, and nibbles of 0 and 1 alone.
                if (i % nibble_group == 0) rows[c].steps.push_back(0.01f * static_cast<float>(1 + random() % 50) * (c % 2 ? -1 : 1));
                const int nibble = c == 3 || (c == 4 && i < nibble_group) ? 0 : c == 5 ? int(random() % 2) : int(random() % 16) - 8;
                rows[c].values.push_back(rows[c].steps.back() * static_cast<float>(nibble));
            }
            four.set(c, rows[c], 2.0f);
        }
        Aligned<int8_t> unpacked(four.unpacked_bytes());
        const Panels panels = four.panels(0, panel_channels, kernels, unpacked.data());
        for (size_t c = 0; c < panel_channels; c++) {
            int32_t sum = 0;
            for (size_t i = 0; i < panels.inputs; i++) {
                const int value = panels.data[i / 4 * 64 + c * 4 + i % 4];
                sum += value;
                const float exact = c < rows.size() && i < inputs ? 2 * rows[c].values[i] : 0;
                // Half a step of rounding, and eight times half of the 256th that the multiplier is exact to.
                check_near(static_cast<double>(panels.scales[c]) * value, static_cast<double>(exact),
                           static_cast<double>(panels.scales[c]) * (0.5 + 4.0 / 256 + 1e-4), "a weight");
            }
            check(panels.sums[c] == sum, "the channel's sum");
        }
    });
}
