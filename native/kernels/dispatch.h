// Which kernels this processor runs: feature bits and the state its operating system saves, never model numbers.
#pragma once

#include <string>
#include <vector>

#include "kernels.h"

namespace qrag {

/** The sets this machine can run, the best first; portable is always the last. */
const std::vector<const Kernels *> & usable_kernels();

/** The set of this name; null when there is none, or this machine cannot run it. An empty name means the best. */
const Kernels * choose_kernels(const std::string & name);

}  // namespace qrag
