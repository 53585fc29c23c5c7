// The most products an instruction set makes of int8 numbers: its multiply instructions on registers alone.
#pragma once

#include <cstddef>
#include <string_view>

namespace qrag {

/** Products made in `rounds` rounds, by the instructions that the kernel set of this name multiplies with; 0 for a set that has no such loop. */
double multiply_registers(std::string_view kernels, size_t rounds);

}  // namespace qrag
