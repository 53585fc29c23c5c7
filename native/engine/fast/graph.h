// The fast forward pass: rows of tokens split among threads, each of which takes its rows through a whole block.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "../sequences.h"
#include "block.h"
#include "ends.h"
#include "prefix_cache.h"
#include "team.h"

namespace qrag {

class FastGraph {
  public:
    /** `cancelled` is asked between blocks. */
    FastGraph(const Recipe & recipe, const Hyperparameters & numbers, const Weights & weights,
              std::optional<Pooling> pooling, const Packing & packing, std::function<bool()> cancelled);

    /** What the model gives for each sequence, in order; the sequences were checked before. */
    std::vector<float> compute(const Sequences & sequences);

  private:
    KeyValues sequence(bool keep_all) const;
    /** Brings the keys and values of a common prefix into the cache and returns its length. */
    size_t share_prefix(const Sequences & sequences);
    std::vector<size_t> split(const std::vector<TokenRow> & rows) const;
    /** Computes rows; each that is wanted adds to its sequence's numbers in `out`. */
    void compute_rows(const std::vector<TokenRow> & rows, float * out);
    void take_through_blocks(const TokenRow * rows, size_t count, bool watches, std::atomic<size_t> & stop_at, Scratch & scratch);

    const std::function<bool()> cancelled_;
    FastModel model_;
    const Ends ends_;
    std::vector<Scratch> scratch_;  // one a thread
    PrefixCache prefix_;
    std::vector<std::unique_ptr<KeyValues>> sequences_;  // kept from call to call for their memory
    Team team_;  // last: its threads use everything above
};

}  // namespace qrag
