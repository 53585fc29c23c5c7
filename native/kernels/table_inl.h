// A kernel set's table, filled by name: everything on the vectors of vector_inl.h, with the products that are its own.
#pragma once

#include "unpack_inl.h"

namespace qrag {
namespace {

/** What is a set's own, for there is no one way to multiply integers. */
struct Products {
    decltype(Kernels::multiply) multiply;
    RowProducts row_products;
    BitDistances bit_distances;
};

inline void nothing_to_do() {}

/** Without attention: attention_inl.h has one for every set, and a set may have its own. `offset`: of its activations. */
template <uint8_t offset>
constexpr Kernels table_of(const char * name, const Products & products) {
    Kernels table{};
    table.name = name;
    table.offset_activations = offset != 0;
    table.begin_thread = nothing_to_do;
    table.end_thread = nothing_to_do;
    table.unpack = unpack;
    table.multiply = products.multiply;
    table.quantize = quantize<offset>;
    table.normalize = normalize<offset>;
    table.layer_norm = layer_norm;
    table.dot = dot;
    table.rotate = rotate;
    table.row_products = products.row_products;
    table.bit_distances = products.bit_distances;
    return table;
}

}  // namespace
}  // namespace qrag
