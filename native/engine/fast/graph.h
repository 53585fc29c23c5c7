// The fast forward pass: rows of tokens split among threads, each of which takes its rows through a whole block.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "../early_exit.h"
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
              std::optional<Pooling> pooling, const std::optional<EarlyExit> & exit, const Packing & packing,
              std::function<bool()> cancelled);

    /** What the model gives for each sequence, in order; the sequences were checked before. */
    std::vector<float> compute(const Sequences & sequences);

  private:
    KeyValues sequence(bool keep_all) const;
    /** Brings the keys and values of a common prefix into the cache and returns its length. */
    size_t share_prefix(const Sequences & sequences);
    std::vector<size_t> split(const std::vector<TokenRow> & rows) const;
    /** Computes rows; each that is wanted adds to its sequence's numbers in `out`, which begin as zeros. */
    void compute_rows(std::vector<TokenRow> rows, float * out);
    /** Takes the sequences that are clear by now out of `rows` and `states_`; their numbers go to `out`. */
    void drop_exited(std::vector<TokenRow> & rows, float * out);
    /** Takes rows, whose states lie in `states_`, through blocks `first` to `end` - 1; after the model's last, adds to `out`. */
    void run_blocks(const std::vector<TokenRow> & rows, size_t first, size_t end, float * out);
    void take_through_blocks(const TokenRow * rows, size_t count, float * x, size_t first, size_t end, bool watches,
                             std::atomic<size_t> & stop_at, Scratch & scratch);

    const std::function<bool()> cancelled_;
    FastModel model_;
    const Ends ends_;
    const std::optional<EarlyExit> exit_;
    std::vector<float> states_;     // the residual stream of all rows at hand: [rows][embedding]
    std::vector<Scratch> scratch_;  // one a thread
    PrefixCache prefix_;
    std::vector<std::unique_ptr<KeyValues>> sequences_;  // kept from call to call for their memory
    Team team_;  // last: its threads use everything above
};

}  // namespace qrag
