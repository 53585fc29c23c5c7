// The fast forward pass: rows of tokens split among threads, each of which takes its rows through a whole block.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "block.h"
#include "team.h"

namespace qrag {

class FastGraph {
  public:
    /** `cancelled` is asked between blocks. */
    FastGraph(const Hyperparameters & numbers, const GlobalTensors & shared, const std::vector<Block> & blocks,
              const Packing & packing, std::function<bool()> cancelled);

    /** The decision rows' logits at each sequence's last token; the sequences were checked before. */
    std::vector<float> decide(const int32_t * tokens, const int32_t * offsets, size_t count);

  private:
    KeyValues sequence(bool keep_all) const;
    size_t share_prefix(const int32_t * tokens, const int32_t * offsets, size_t count);
    std::vector<size_t> split(const std::vector<TokenRow> & rows) const;
    /** Computes rows; those that are last write logits, in their order. */
    void compute(const std::vector<TokenRow> & rows, float * logits);
    void compute_rows(const TokenRow * rows, size_t count, bool watches, std::atomic<size_t> & stop_at, Scratch & scratch);
    void embed(const TokenRow & row, float * x) const;
    void decide_row(const float * x, float * logits) const;

    const GlobalTensors shared_;
    const std::function<bool()> cancelled_;
    FastModel model_;
    std::vector<Scratch> scratch_;  // one a thread

    // The prefix of the last call, with its keys and values: the next one most likely begins with it too.
    std::vector<int32_t> prefix_tokens_, previous_tokens_;
    KeyValues prefix_;
    std::vector<std::unique_ptr<KeyValues>> sequences_;  // kept from call to call for their memory
    Team team_;  // last: its threads use everything above
};

}  // namespace qrag
