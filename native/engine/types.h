// The weight types the engine takes, by name, with what it must know of their blocks.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ggml.h"

namespace qrag {

struct WeightType {
    const char * name;
    ggml_type type;
    /** Where in a block floats lie that must be finite: the offsets of its F16 scales. Empty: the block is one float. */
    std::vector<size_t> scales;
};

const std::vector<WeightType> & weight_types();

/** Null when the engine does not take the type. */
const WeightType * find_weight_type(const std::string & name);
const WeightType & weight_type_of(ggml_type type);

/** False when a float or a block scale among `size` bytes of whole blocks is not finite. */
bool all_finite(const WeightType & type, const void * data, size_t size);

}  // namespace qrag
