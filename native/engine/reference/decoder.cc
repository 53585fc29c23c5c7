// One decoder, read from top to bottom: embedding, blocks of attention and SwiGLU, norm.
#include "builder.h"

namespace qrag {

namespace {

/** [heads * key_length, n] -> rotated by position, [key_length, heads, n] */
ggml_tensor * rope(const Builder & b, ggml_tensor * x, int64_t heads) {
    x = ggml_reshape_3d(b.context, x, b.numbers.key_length, heads, x->ne[1]);
    return ggml_rope_ext(b.context, x, b.positions, b.globals.rope_freqs,
                         static_cast<int>(b.numbers.rope_dimension_count), GGML_ROPE_TYPE_NORMAL, /*n_ctx_orig=*/0,
                         b.numbers.rope_freq_base, /*freq_scale=*/1.0f, /*ext_factor=*/0.0f, /*attn_factor=*/1.0f,
                         /*beta_fast=*/32.0f, /*beta_slow=*/1.0f);
}

/** [embedding, n] -> [embedding, n] */
ggml_tensor * attention(const Builder & b, ggml_tensor * x, const Block & weights, int block) {
    ggml_tensor * q = rope(b, b.linear(weights.attn_q, nullptr, x), b.numbers.head_count);
    ggml_tensor * k = rope(b, b.linear(weights.attn_k, nullptr, x), b.numbers.head_count_kv);
    ggml_tensor * v = b.named(b.linear(weights.attn_v, nullptr, x), "v", block);
    ggml_tensor * mixed = b.attend(b.named(q, "q", block), b.named(k, "k", block), v);
    return b.named(b.linear(weights.attn_output, nullptr, b.named(mixed, "attn_mixed", block)), "attn_out", block);
}

/** [embedding, n] -> [embedding, n] */
ggml_tensor * feed_forward(const Builder & b, ggml_tensor * x, const Block & weights, int block) {
    ggml_tensor * gate = ggml_silu(b.context, ggml_mul_mat(b.context, weights.ffn_gate, x));
    ggml_tensor * up = ggml_mul_mat(b.context, weights.ffn_up, x);
    return b.named(ggml_mul_mat(b.context, weights.ffn_down, ggml_mul(b.context, gate, up)), "ffn_out", block);
}

}  // namespace

ggml_tensor * build_decoder(Builder & b) {
    ggml_tensor * x = ggml_get_rows(b.context, b.globals.token_embd, b.tokens);  // [embedding, n]
    int block = 0;
    for (const Block & weights : b.blocks) {
        ggml_tensor * normed = b.named(b.rms_norm(x, weights.attn_norm), "attn_norm", block);
        x = b.named(ggml_add(b.context, x, attention(b, normed, weights, block)), "attn_residual", block);
        normed = b.named(b.rms_norm(x, weights.ffn_norm), "ffn_norm", block);
        x = b.named(ggml_add(b.context, x, feed_forward(b, normed, weights, block)), "ffn_residual", block);
        block++;
    }
    return x;
}

}  // namespace qrag
