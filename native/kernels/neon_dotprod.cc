// NEON with dot products (ARMv8.2 and later): sdot, 16 products an instruction.
#define QRAG_LANES 4
#include <arm_neon.h>

#include "attention_inl.h"
#include "unpack_inl.h"

namespace qrag {
namespace {

bool begin_thread() { return true; }
void end_thread() {}

#include "dotprod_inl.h"
#include "rows_inl.h"

}  // namespace

const Kernels neon_dotprod_kernels = {
    "neon-dotprod", /*offset_activations=*/false, /*max_weight=*/127, begin_thread, end_thread,
    unpack, multiply, quantize<0>, normalize<0>, rotate, float_blocks, /*attention_step=*/0, /*attention_rows=*/16, attend,
};

}  // namespace qrag
