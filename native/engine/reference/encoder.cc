// One encoder, read from top to bottom: three embeddings, blocks of attention and GELU with a norm behind each half.
#include "builder.h"

namespace qrag {

namespace {

/** [embedding, n] -> [embedding, n] */
ggml_tensor * attention(const Builder & b, ggml_tensor * x, const Block & weights, int block) {
    const int64_t n = x->ne[1], width = b.numbers.key_length, heads = b.numbers.head_count;
    ggml_tensor * q = b.named(b.linear(weights.attn_q, weights.attn_q_bias, x), "q", block);
    ggml_tensor * k = b.named(b.linear(weights.attn_k, weights.attn_k_bias, x), "k", block);
    ggml_tensor * v = b.named(b.linear(weights.attn_v, weights.attn_v_bias, x), "v", block);
    ggml_tensor * mixed = b.attend(ggml_reshape_3d(b.context, q, width, heads, n),
                                   ggml_reshape_3d(b.context, k, width, heads, n), v);
    b.named(mixed, "attn_mixed", block);
    return b.named(b.linear(weights.attn_output, weights.attn_output_bias, mixed), "attn_out", block);
}

/** [embedding, n] -> [embedding, n] */
ggml_tensor * feed_forward(const Builder & b, ggml_tensor * x, const Block & weights, int block) {
    ggml_tensor * inner = ggml_gelu_erf(b.context, b.linear(weights.ffn_up, weights.ffn_up_bias, x));
    return b.named(b.linear(weights.ffn_down, weights.ffn_down_bias, b.named(inner, "ffn_up", block)), "ffn_out", block);
}

}  // namespace

std::string last_step_of(int64_t block) { return "blk." + std::to_string(block) + ".layer_output_norm"; }

ggml_tensor * build_encoder(Builder & b) {
    const GlobalTensors & globals = b.globals;
    ggml_tensor * x = ggml_get_rows(b.context, globals.token_embd, b.tokens);  // [embedding, n]
    x = ggml_add(b.context, x, ggml_get_rows(b.context, globals.token_types, b.types));
    x = ggml_add(b.context, x, ggml_get_rows(b.context, globals.position_embd, b.positions));
    x = b.named(b.layer_norm(x, globals.token_embd_norm, globals.token_embd_norm_bias), "embd_norm");
    int block = 0;
    for (const Block & weights : b.blocks) {
        x = b.named(ggml_add(b.context, x, attention(b, x, weights, block)), "attn_residual", block);
        x = b.named(b.layer_norm(x, weights.attn_output_norm, weights.attn_output_norm_bias), "attn_output_norm", block);
        x = b.named(ggml_add(b.context, x, feed_forward(b, x, weights, block)), "ffn_residual", block);
        x = b.named(b.layer_norm(x, weights.layer_output_norm, weights.layer_output_norm_bias), "layer_output_norm", block);
        block++;
    }
    return x;
}

}  // namespace qrag
