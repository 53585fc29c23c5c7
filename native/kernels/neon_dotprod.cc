// NEON with dot products (ARMv8.2 and later): sdot, 16 products an instruction.
#define QRAG_LANES 4
#include <arm_neon.h>

#include "attention_inl.h"

namespace qrag {
namespace {

#include "dotprod_inl.h"
#include "rows_inl.h"
#include "neon_bits_inl.h"
#include "neon_products_inl.h"

}  // namespace

constexpr Kernels neon_dotprod_kernels = table_in_floats<0>("neon-dotprod", {multiply, row_products, bit_distances});

}  // namespace qrag
