// The architectures that the engine computes.
#pragma once

#include <string>
#include <vector>

#include "architecture.h"

namespace qrag {

const std::vector<const Architecture *> & architectures();

/** Throws model_invalid for a name that is not among them. */
const Architecture & architecture_named(const std::string & name);

extern const Architecture qrag_architecture;
extern const Architecture bert_architecture;

}  // namespace qrag
