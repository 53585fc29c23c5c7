// The most products an instruction set makes, of int8 numbers and of floats: its multiply instructions on registers alone.
#pragma once

#include <cstddef>
#include <string_view>

namespace qrag {

/** Products made in `rounds` rounds, by the instructions that the kernel set of this name multiplies with; 0 for a set that has no such loop. */
double multiply_registers(std::string_view kernels, size_t rounds);

/** The same of floats; 0 also for a set that attends in another type. */
double multiply_floats(std::string_view kernels, size_t rounds);

}  // namespace qrag
