// Weights: a model's tensors in memory, filled piece by piece from outside and then checked.
#pragma once

#include <string>
#include <vector>

#include "ggml-cpp.h"
#include "numbers.h"
#include "tensor_table.h"

namespace qrag {

/** A tensor as its file announces it. */
struct TensorSpec {
    std::string name;
    std::string type;
    std::vector<int64_t> shape;  // row length first
};

class Weights {
  public:
    /** Checks the tensors against the table and takes the memory. Throws model_invalid or out_of_memory. */
    Weights(const Numbers & numbers, const std::vector<TensorSpec> & specs);

    /** Copies the next `size` bytes of tensor number `index`; pieces arrive in order. */
    void write(size_t index, size_t offset, const void * bytes, size_t size);

    /** Throws model_invalid when a tensor has bytes missing or holds a number that is not finite. */
    void check() const;

    Shared shared{};
    std::vector<Block> blocks;

  private:
    struct Slot {
        ggml_tensor * tensor;
        size_t written;
    };

    ggml_context_ptr context_;
    ggml_backend_buffer_ptr buffer_;
    std::vector<Slot> slots_;  // in the order of the specs
};

}  // namespace qrag
