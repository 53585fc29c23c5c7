// The fast forward pass: rows of tokens split among threads, each of which takes its rows through a whole block.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "../kernels/kernels.h"
#include "fast_weights.h"
#include "key_values.h"
#include "numbers.h"
#include "team.h"

namespace qrag {

class FastGraph {
  public:
    /** `cancelled` is asked between blocks. */
    FastGraph(const Numbers & numbers, const Shared & shared, const std::vector<Block> & blocks,
              const Kernels & kernels, size_t threads, std::function<bool()> cancelled);
    ~FastGraph();

    /** The decision rows' logits at each sequence's last token; the sequences were checked before. */
    std::vector<float> decide(const int32_t * tokens, const int32_t * offsets, size_t count);

  private:
    /** One token to compute. */
    struct Row {
        int32_t token;
        size_t position;
        KeyValues * keys;   // of its sequence
        bool first, last;   // of its sequence's own tokens
    };
    struct Scratch;

    size_t share_prefix(const int32_t * tokens, const int32_t * offsets, size_t count);
    void compute(const std::vector<Row> & rows, float * logits);
    std::vector<size_t> split(const std::vector<Row> & rows) const;
    void embed(const Row & row, float * x) const;
    void project(const FastBlock & block, size_t layer, const Row * rows, size_t count, const float * x, Scratch & scratch);
    void finish_block(const FastBlock & block, size_t layer, const Row * rows, size_t count, float * x, Scratch & scratch);
    void attend(size_t layer, const Row * rows, size_t count, const float * queries, Scratch & scratch);
    void turn(float * head, size_t position) const;
    void decide_row(const float * x, float * logits) const;

    const Numbers numbers_;
    const Shared shared_;
    const Kernels & kernels_;
    const std::function<bool()> cancelled_;
    FastWeights weights_;
    std::vector<float> turns_;  // [positions so far][cosines, sines][rope_half]
    std::vector<std::unique_ptr<Scratch>> scratch_;  // one a thread
    Team team_;

    // The prefix of the last call, with its keys and values: the next one most likely begins with it too.
    std::vector<int32_t> prefix_tokens_, previous_tokens_;
    KeyValues prefix_;
    std::vector<std::unique_ptr<KeyValues>> sequences_;  // kept from call to call for their memory
};

}  // namespace qrag
