// Weights: a model's tensors in memory, filled piece by piece from outside and then checked.
#pragma once

#include <string>
#include <vector>

#include "ggml-cpp.h"
#include "architectures/architecture.h"

namespace qrag {

/** A tensor as its file announces it. */
struct TensorSpec {
    std::string name;
    std::string type;
    std::vector<int64_t> shape;  // row length first
};

class Weights {
  public:
    /** Checks the tensors against the architecture's and takes the memory. Throws model_invalid or out_of_memory. */
    Weights(const Architecture & architecture, const Hyperparameters & numbers, const std::vector<TensorSpec> & specs);

    /** Copies the next `size` bytes of tensor number `index`; pieces arrive in order. */
    void write(size_t index, size_t offset, const void * bytes, size_t size);

    /** Throws model_invalid when a tensor has bytes missing or holds a number that is not finite. */
    void check() const;

    /** Frees a block's matrices, once somebody has packed them in another form. The reference graph needs them all. */
    void release_block(size_t block) { memory_[block].reset(); }
    bool blocks_released() const { return !memory_.front(); }

    GlobalTensors globals{};
    std::vector<Block> blocks;

  private:
    struct Slot {
        ggml_tensor * tensor;
        size_t written;
    };

    // Each block's matrices have memory of their own; in the end there is one more, for everything else.
    std::vector<ggml_context_ptr> contexts_;
    std::vector<ggml_backend_buffer_ptr> memory_;
    std::vector<Slot> slots_;  // in the order of the specs
};

}  // namespace qrag
