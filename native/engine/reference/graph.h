// The forward pass in stock ggml operations: slow, obvious, and the yardstick for every faster one.
#pragma once

#include "../batch.h"
#include "ggml.h"
#include "../hyperparameters.h"
#include "../tensor_table.h"

namespace qrag {

/** Which rows the graph ends in. */
enum class Head {
    decision,    // decision rows at each sequence's last token: [decision, sequences]
    vocabulary,  // the whole head at each sequence's last token: [vocabulary, sequences]
    everywhere,  // the whole head at every token: [vocabulary, tokens]
};

struct ReferenceGraph {
    ggml_cgraph * graph;
    // Inputs, to be filled once the graph has memory.
    ggml_tensor * tokens;     // I32 [tokens]
    ggml_tensor * positions;  // I32 [tokens]
    ggml_tensor * mask;       // F32 [tokens, tokens]
    ggml_tensor * last;       // I32 [sequences]; null for Head::everywhere
    ggml_tensor * logits;     // the result
};

/** Nodes a graph of this model needs at most, for the size of its context. */
size_t reference_graph_nodes(const Hyperparameters & numbers);

/**
 * Builds the graph in `context` (which allocates no data). Every step carries its name, as in "blk.3.attn_norm"; with
 * `keep_steps` the named steps are outputs too, readable after the run.
 */
ReferenceGraph build_reference_graph(ggml_context * context, const Hyperparameters & numbers, const GlobalTensors & shared,
                                     const std::vector<Block> & blocks, const Batch & batch, Head head,
                                     bool keep_steps);

}  // namespace qrag
