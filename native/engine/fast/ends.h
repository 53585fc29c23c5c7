// The two ends of the fast graph: from a token to its first state, and from last states to what the model gives.
#pragma once

#include <optional>
#include <vector>

#include "../reference/graph.h"
#include "../weights.h"
#include "block.h"

namespace qrag {

class Ends {
  public:
    Ends(const Recipe & recipe, const Hyperparameters & numbers, const GlobalTensors & globals,
         std::optional<Pooling> pooling, const Kernels & kernels);

    /** Numbers that the model gives for a sequence. */
    size_t width() const { return width_; }
    /** Whether a token's last state is read. */
    bool wants(size_t position, size_t length) const;

    /** x: [embedding], padding included */
    void embed(const TokenRow & row, float * x) const;

    /** Adds a wanted row's part to its sequence's numbers, [width], which begin as zeros. Rows come in order. */
    void finish(const TokenRow & row, const float * x, float * out) const;

  private:
    void decide(const float * x, float * out) const;
    void classify(const float * x, float * out) const;

    const Recipe recipe_;
    const Hyperparameters numbers_;
    const GlobalTensors globals_;
    const std::optional<Pooling> pooling_;
    const Kernels & kernels_;
    const size_t length_;  // of a state
    const size_t width_;
    // Read into floats once; empty where the model has none.
    std::vector<float> types_, embd_norm_, embd_norm_bias_, output_norm_, pooler_, pooler_bias_, head_, head_bias_;
};

}  // namespace qrag
