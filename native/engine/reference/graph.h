// The forward pass in stock ggml operations: slow, obvious, and the yardstick for every faster one.
#pragma once

#include "../batch.h"
#include "builder.h"

namespace qrag {

/** How the vectors of a sequence's tokens become one. */
enum class Pooling { mean, cls, last };

/** What the graph ends in. */
enum class Head {
    output,      // the rows of cls.output.weight: [output, sequences]
    vector,      // pooled states: [embedding, sequences]
    vocabulary,  // the whole head at each sequence's last token: [vocabulary, sequences]
    everywhere,  // the whole head at every token: [vocabulary, n]
};

struct ReferenceGraph {
    ggml_cgraph * graph;
    ggml_tensor * tokens, *positions, *types, *mask;  // as Builder has them
    ggml_tensor * rows;    // I32 [sequences]: the tokens that the head reads; null where it reads all
    ggml_tensor * shares;  // F32 [n, sequences]: how much of each token a pooled vector is; null without Pooling::mean
    ggml_tensor * result;
};

/** Nodes a graph of this model needs at most, for the size of its context. */
size_t reference_graph_nodes(const Hyperparameters & numbers);

/**
 * Builds the graph in `context` (which allocates no data). `pooling` is read for Head::vector only.
 */
ReferenceGraph build_reference_graph(ggml_context * context, const Architecture & architecture,
                                     const Hyperparameters & numbers, const GlobalTensors & globals,
                                     const std::vector<Block> & blocks, const Batch & batch, Head head, Pooling pooling,
                                     const KeptSteps & kept);

/** Fills the inputs of a graph that has memory now. */
void fill_inputs(const ReferenceGraph & graph, const Batch & batch, bool reads_last);

}  // namespace qrag
