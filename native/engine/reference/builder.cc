// The steps that architectures have in common.
#include "builder.h"

#include <cmath>

namespace qrag {

ggml_tensor * Builder::named(ggml_tensor * tensor, const char * name, int block) const {
    if (block < 0) {
        ggml_set_name(tensor, name);
    } else {
        ggml_format_name(tensor, "blk.%d.%s", block, name);
    }
    if (kept.holds(tensor->name)) ggml_set_output(tensor);
    return tensor;
}

ggml_tensor * Builder::linear(ggml_tensor * weight, ggml_tensor * bias, ggml_tensor * x) const {
    ggml_tensor * product = ggml_mul_mat(context, weight, x);
    return bias == nullptr ? product : ggml_add(context, product, bias);
}

ggml_tensor * Builder::rms_norm(ggml_tensor * x, ggml_tensor * weight) const {
    return ggml_mul(context, ggml_rms_norm(context, x, numbers.norm_epsilon), weight);
}

ggml_tensor * Builder::layer_norm(ggml_tensor * x, ggml_tensor * weight, ggml_tensor * bias) const {
    return ggml_add(context, ggml_mul(context, ggml_norm(context, x, numbers.norm_epsilon), weight), bias);
}

ggml_tensor * Builder::attend(ggml_tensor * q, ggml_tensor * k, ggml_tensor * v) const {
    const int64_t n = q->ne[2], width = numbers.key_length;
    q = ggml_permute(context, q, 0, 2, 1, 3);  // [width, n, heads]
    k = ggml_permute(context, k, 0, 2, 1, 3);  // [width, n, heads_kv]
    v = ggml_reshape_3d(context, v, width, numbers.head_count_kv, n);
    v = ggml_cont(context, ggml_permute(context, v, 1, 2, 0, 3));  // [n, width, heads_kv]

    ggml_tensor * weight = ggml_mul_mat(context, k, q);  // [n, n, heads]: who looks in dimension 1
    weight = ggml_soft_max_ext(context, weight, mask, 1.0f / std::sqrt(static_cast<float>(width)), 0.0f);
    ggml_tensor * mixed = ggml_mul_mat(context, v, weight);  // [width, n, heads]
    return ggml_cont_2d(context, ggml_permute(context, mixed, 0, 2, 1, 3), width * numbers.head_count, n);
}

}  // namespace qrag
