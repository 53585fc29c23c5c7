// The inputs of a graph, and the heads it can end in.
#include "graph.h"

#include "ggml-backend.h"

namespace qrag {

namespace {

constexpr size_t nodes_per_block = 48;  // some 30 are used
constexpr size_t nodes_outside = 48;

ggml_tensor * input(ggml_context * context, ggml_type type, int64_t ne0, int64_t ne1, const char * name) {
    ggml_tensor * tensor = ggml_new_tensor_2d(context, type, ne0, ne1);
    ggml_set_name(tensor, name);
    ggml_set_input(tensor);
    return tensor;
}

/** A decoder's rows read its normalized state, a classifier's what its pooler makes of the first token's. */
ggml_tensor * output_rows(const Builder & b, ggml_tensor * x) {
    if (b.globals.pooler != nullptr) {
        x = b.named(ggml_tanh(b.context, b.linear(b.globals.pooler, b.globals.pooler_bias, x)), "pooler");
    }
    return b.linear(b.globals.head, b.globals.head_bias, x);
}

/** x: [embedding, n], shares: [n, sequences] -> [embedding, sequences] */
ggml_tensor * mixed_by(const Builder & b, ggml_tensor * x, ggml_tensor * shares) {
    return ggml_mul_mat(b.context, ggml_cont(b.context, ggml_transpose(b.context, x)), shares);
}

void fill(ggml_tensor * tensor, const void * data) {
    if (tensor != nullptr) ggml_backend_tensor_set(tensor, data, 0, ggml_nbytes(tensor));
}

}  // namespace

size_t reference_graph_nodes(const Hyperparameters & numbers) {
    return nodes_outside + nodes_per_block * static_cast<size_t>(numbers.block_count);
}

ReferenceGraph build_reference_graph(ggml_context * context, const Architecture & architecture,
                                     const Hyperparameters & numbers, const GlobalTensors & globals,
                                     const std::vector<Block> & blocks, const Batch & batch, Head head, Pooling pooling,
                                     const KeptSteps & kept) {
    const auto n = static_cast<int64_t>(batch.tokens.size()), sequences = static_cast<int64_t>(batch.last.size());
    ReferenceGraph graph{};
    graph.graph = ggml_new_graph_custom(context, reference_graph_nodes(numbers), /*grads=*/false);
    graph.tokens = input(context, GGML_TYPE_I32, n, 1, "tokens");
    graph.positions = input(context, GGML_TYPE_I32, n, 1, "positions");
    if (globals.token_types != nullptr) graph.types = input(context, GGML_TYPE_I32, n, 1, "types");
    graph.mask = input(context, GGML_TYPE_F32, n, n, "mask");
    Builder builder{context,      numbers,         globals,     blocks,    kept,
                    graph.tokens, graph.positions, graph.types, graph.mask};
    ggml_tensor * x = architecture.build(builder);

    const bool mean = head == Head::vector && pooling == Pooling::mean;
    if (mean) graph.shares = input(context, GGML_TYPE_F32, n, sequences, "shares");
    if (!mean && head != Head::everywhere) {
        graph.rows = input(context, GGML_TYPE_I32, sequences, 1, "rows");
        x = ggml_get_rows(context, x, graph.rows);
    }
    if (globals.output_norm != nullptr) {
        x = builder.rms_norm(x, globals.output_norm);
        ggml_set_name(x, "output_norm");
    }
    ggml_tensor * vocabulary_head = globals.vocabulary_head != nullptr ? globals.vocabulary_head : globals.token_embd;
    switch (head) {
        case Head::output: graph.result = output_rows(builder, x); break;
        case Head::vector: graph.result = mean ? mixed_by(builder, x, graph.shares) : x; break;
        default: graph.result = ggml_mul_mat(context, vocabulary_head, x);
    }
    ggml_set_name(graph.result, head == Head::vector ? "pooled" : "logits");
    ggml_set_output(graph.result);
    ggml_build_forward_expand(graph.graph, graph.result);
    return graph;
}

void fill_inputs(const ReferenceGraph & graph, const Batch & batch, bool reads_last) {
    fill(graph.tokens, batch.tokens.data());
    fill(graph.positions, batch.positions.data());
    fill(graph.types, batch.types.data());
    fill(graph.mask, batch.mask.data());
    fill(graph.rows, reads_last ? batch.last.data() : batch.first.data());
    if (graph.shares == nullptr) return;
    const size_t n = batch.tokens.size();
    std::vector<float> shares(n * batch.last.size());
    for (size_t i = 0; i < batch.last.size(); i++) {
        const auto first = static_cast<size_t>(batch.first[i]), end = static_cast<size_t>(batch.last[i]) + 1;
        for (size_t t = first; t < end; t++) shares[i * n + t] = 1.0f / static_cast<float>(end - first);
    }
    fill(graph.shares, shares.data());
}

}  // namespace qrag
