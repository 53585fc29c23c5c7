// One decoder, read from top to bottom: embedding, blocks of attention and SwiGLU, norm, head.
#include "graph.h"

#include <cmath>

namespace qrag {

namespace {

constexpr size_t nodes_per_block = 48;  // some 30 are used
constexpr size_t nodes_outside = 32;

/** What all steps share. Shapes below are in ggml's order, fastest first; n is the number of packed tokens. */
struct Builder {
    ggml_context * context;
    const Hyperparameters & numbers;
    const GlobalTensors & shared;
    ReferenceGraph & result;
    bool keep_steps;
    int block = 0;

    ggml_tensor * named(ggml_tensor * tensor, const char * name) const {
        ggml_format_name(tensor, "blk.%d.%s", block, name);
        if (keep_steps) ggml_set_output(tensor);
        return tensor;
    }

    ggml_tensor * norm(ggml_tensor * x, ggml_tensor * weight) const {
        return ggml_mul(context, ggml_rms_norm(context, x, numbers.norm_epsilon), weight);
    }

    /** [heads * key_length, n] -> turned by position, [key_length, heads, n] */
    ggml_tensor * rope(ggml_tensor * x, int64_t heads) const {
        const int64_t n = x->ne[1];
        x = ggml_reshape_3d(context, x, numbers.key_length, heads, n);
        return ggml_rope_ext(context, x, result.positions, shared.rope_freqs,
                             static_cast<int>(numbers.rope_dimension_count), GGML_ROPE_TYPE_NORMAL,
                             /*n_ctx_orig=*/0, numbers.rope_freq_base, /*freq_scale=*/1.0f, /*ext_factor=*/0.0f,
                             /*attn_factor=*/1.0f, /*beta_fast=*/32.0f, /*beta_slow=*/1.0f);
    }

    /** x: [embedding, n] -> [embedding, n] */
    ggml_tensor * attention(ggml_tensor * x, const Block & weights) const {
        const int64_t n = x->ne[1], width = numbers.key_length;
        ggml_tensor * q = named(rope(ggml_mul_mat(context, weights.attn_q, x), numbers.head_count), "q");
        ggml_tensor * k = named(rope(ggml_mul_mat(context, weights.attn_k, x), numbers.head_count_kv), "k");
        ggml_tensor * v = named(ggml_mul_mat(context, weights.attn_v, x), "v");

        q = ggml_permute(context, q, 0, 2, 1, 3);  // [width, n, heads]
        k = ggml_permute(context, k, 0, 2, 1, 3);  // [width, n, heads_kv]: each serves heads / heads_kv query heads
        v = ggml_reshape_3d(context, v, width, numbers.head_count_kv, n);
        v = ggml_cont(context, ggml_permute(context, v, 1, 2, 0, 3));  // [n, width, heads_kv]

        ggml_tensor * weight = ggml_mul_mat(context, k, q);  // [n, n, heads]: who looks in dimension 1
        weight = ggml_soft_max_ext(context, weight, result.mask, 1.0f / std::sqrt(static_cast<float>(width)), 0.0f);
        ggml_tensor * mixed = ggml_mul_mat(context, v, weight);  // [width, n, heads]
        mixed = ggml_cont_2d(context, ggml_permute(context, mixed, 0, 2, 1, 3), width * numbers.head_count, n);
        named(mixed, "attn_mixed");
        return named(ggml_mul_mat(context, weights.attn_output, mixed), "attn_out");
    }

    /** x: [embedding, n] -> [embedding, n] */
    ggml_tensor * feed_forward(ggml_tensor * x, const Block & weights) const {
        ggml_tensor * gate = ggml_silu(context, ggml_mul_mat(context, weights.ffn_gate, x));
        ggml_tensor * up = ggml_mul_mat(context, weights.ffn_up, x);
        return named(ggml_mul_mat(context, weights.ffn_down, ggml_mul(context, gate, up)), "ffn_out");
    }
};

ggml_tensor * input(ggml_context * context, ggml_type type, int64_t ne0, int64_t ne1, const char * name) {
    ggml_tensor * tensor = ggml_new_tensor_2d(context, type, ne0, ne1);
    ggml_set_name(tensor, name);
    ggml_set_input(tensor);
    return tensor;
}

}  // namespace

size_t reference_graph_nodes(const Hyperparameters & numbers) {
    return nodes_outside + nodes_per_block * static_cast<size_t>(numbers.block_count);
}

ReferenceGraph build_reference_graph(ggml_context * context, const Hyperparameters & numbers, const GlobalTensors & shared,
                                     const std::vector<Block> & blocks, const Batch & batch, Head head,
                                     bool keep_steps) {
    const auto n = static_cast<int64_t>(batch.tokens.size());
    ReferenceGraph result{};
    result.graph = ggml_new_graph_custom(context, reference_graph_nodes(numbers), /*grads=*/false);
    result.tokens = input(context, GGML_TYPE_I32, n, 1, "tokens");
    result.positions = input(context, GGML_TYPE_I32, n, 1, "positions");
    result.mask = input(context, GGML_TYPE_F32, n, n, "mask");

    Builder builder{context, numbers, shared, result, keep_steps};
    ggml_tensor * x = ggml_get_rows(context, shared.token_embd, result.tokens);  // [embedding, n]
    for (const Block & block : blocks) {
        ggml_tensor * normed = builder.named(builder.norm(x, block.attn_norm), "attn_norm");
        x = builder.named(ggml_add(context, x, builder.attention(normed, block)), "attn_residual");
        normed = builder.named(builder.norm(x, block.ffn_norm), "ffn_norm");
        x = builder.named(ggml_add(context, x, builder.feed_forward(normed, block)), "ffn_residual");
        builder.block++;
    }
    if (head != Head::everywhere) {
        result.last = input(context, GGML_TYPE_I32, static_cast<int64_t>(batch.last.size()), 1, "last");
        x = ggml_get_rows(context, x, result.last);
    }
    x = builder.norm(x, shared.output_norm);
    ggml_set_name(x, "output_norm");

    ggml_tensor * full_head = shared.output != nullptr ? shared.output : shared.token_embd;
    result.logits = ggml_mul_mat(context, head == Head::decision ? shared.decision : full_head, x);
    ggml_set_name(result.logits, "logits");
    ggml_set_output(result.logits);
    ggml_build_forward_expand(result.graph, result.logits);
    return result;
}

}  // namespace qrag
