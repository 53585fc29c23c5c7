// What tests of kernels and of their packed weights share: every usable set in turn, and one weight out of the panels.
#pragma once

#include <stdexcept>
#include <string>

#include "../engine/fast/packed.h"
#include "../kernels/dispatch.h"

namespace qrag::test {

/** Runs `body` for every usable set, on a thread prepared for it. */
template <typename Body>
void for_each_set(Body body) {
    for (const Kernels * kernels : usable_kernels()) {
        kernels->begin_thread();
        try {
            body(*kernels);
        } catch (const std::exception & error) {
            kernels->end_thread();
            throw std::runtime_error(std::string(kernels->name) + ": " + error.what());
        }
        kernels->end_thread();
    }
}

inline int packed_weight(const Panels & panels, size_t channel, size_t input) {
    const size_t panel = channel / panel_channels, line = panel * panels.inputs / 4 + input / 4;
    return panels.data[line * 4 * panel_channels + channel % panel_channels * 4 + input % 4];
}

}  // namespace qrag::test
