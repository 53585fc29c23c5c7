// Embeddings are read as their file has them; heads are short and computed in floats.
#include "ends.h"

#include <cmath>
#include <cstring>

#include "ggml.h"

namespace qrag {

namespace {

/** All values of a small tensor; none where there is no tensor. */
std::vector<float> read_all(const ggml_tensor * tensor) {
    std::vector<float> values;
    for (int64_t row = 0; tensor != nullptr && row < tensor->ne[1]; row++) {
        const std::vector<float> one = read_row(tensor, row);
        values.insert(values.end(), one.begin(), one.end());
    }
    return values;
}

}  // namespace

Ends::Ends(const Recipe & recipe, const Hyperparameters & numbers, const GlobalTensors & globals,
           std::optional<Pooling> pooling, const Kernels & kernels)
    : recipe_(recipe),
      numbers_(numbers),
      globals_(globals),
      pooling_(pooling),
      kernels_(kernels),
      length_(static_cast<size_t>(numbers.embedding_length)),
      width_(pooling ? length_ : static_cast<size_t>(numbers.output_count)),
      types_(read_all(globals.token_types)),
      embd_norm_(read_all(globals.token_embd_norm)),
      embd_norm_bias_(read_all(globals.token_embd_norm_bias)),
      output_norm_(read_all(globals.output_norm)),
      pooler_(read_all(globals.pooler)),
      pooler_bias_(read_all(globals.pooler_bias)),
      head_(read_all(globals.head)),
      head_bias_(read_all(globals.head_bias)) {}

bool Ends::wants(size_t position, size_t length) const {
    if (pooling_ == Pooling::mean) return true;
    const bool last = pooling_ ? pooling_ == Pooling::last : recipe_.sight == Sight::before;
    return position == (last ? length - 1 : 0);
}

void Ends::embed(const TokenRow & row, float * x) const {
    const ggml_tensor * table = globals_.token_embd;
    const char * bytes = static_cast<const char *>(table->data) + static_cast<size_t>(row.token) * table->nb[1];
    if (table->type == GGML_TYPE_F32) {
        std::memcpy(x, bytes, length_ * sizeof(float));
    } else {
        ggml_get_type_traits(table->type)->to_float(bytes, x, table->ne[0]);
    }
    if (recipe_.position != Position::learned) return;
    const float * type = types_.data() + static_cast<size_t>(row.type) * length_;
    const float * position = static_cast<const float *>(globals_.position_embd->data) + row.position * length_;
    for (size_t i = 0; i < length_; i++) x[i] += type[i] + position[i];
    kernels_.layer_norm(x, embd_norm_.data(), embd_norm_bias_.data(), numbers_.norm_epsilon, length_);
}

void Ends::finish(const TokenRow & row, const float * x, float * out) const {
    if (pooling_ == Pooling::mean) {
        const float share = 1.0f / static_cast<float>(row.sees);
        for (size_t i = 0; i < length_; i++) out[i] += x[i] * share;
    } else if (pooling_) {
        std::memcpy(out, x, length_ * sizeof(float));
    } else if (pooler_.empty()) {
        decide(x, out);
    } else {
        classify(x, out);
    }
}

/** The rows on the normalized state. */
void Ends::decide(const float * x, float * out) const {
    double squares = 0;
    for (size_t i = 0; i < length_; i++) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    const double factor = 1 / std::sqrt(squares / static_cast<double>(length_) + static_cast<double>(numbers_.norm_epsilon));
    for (size_t row = 0; row < width_; row++) {
        const float * weights = head_.data() + row * length_;
        double sum = 0;
        for (size_t i = 0; i < length_; i++) sum += static_cast<double>(x[i] * output_norm_[i]) * static_cast<double>(weights[i]);
        out[row] = static_cast<float>(sum * factor);
    }
}

/** The rows on what the pooler makes of the state. */
void Ends::classify(const float * x, float * out) const {
    for (size_t row = 0; row < width_; row++) out[row] = head_bias_[row];
    for (size_t i = 0; i < length_; i++) {
        const float pooled = std::tanh(kernels_.dot(pooler_.data() + i * length_, x, length_) + pooler_bias_[i]);
        for (size_t row = 0; row < width_; row++) out[row] += pooled * head_[row * length_ + i];
    }
}

}  // namespace qrag
