// The fused steps of a block; the reference graph says the same in plain operations.
#include "block.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace qrag {

namespace {

// Rows that go through a product together: enough that reading the weights is hidden behind computing with them, few
// enough that the feed-forward's inside (rows * feed_forward floats) stays in the second cache.
constexpr size_t rows_together = 192;

/** Rows of one pass when `count` rows take as few passes as they can: about equal ones, of whole tiles. */
size_t rows_in_pass(size_t count) {
    const size_t passes = (count + rows_together - 1) / rows_together;
    return passes == 0 ? rows_together : std::min(rows_together, round_up((count + passes - 1) / passes, row_step));
}

/** For each key head, the query heads that share it, of a few neighbouring tokens of one sequence at a time. */
void attend(const FastModel & model, size_t layer, const TokenRow * rows, size_t count, const float * queries,
            Scratch & scratch) {
    const auto heads_kv = static_cast<size_t>(model.numbers.head_count_kv);
    const size_t group = scratch.heads / heads_kv, width = model.weights.width, head_floats = scratch.heads * width;
    const size_t tokens_together = std::max<size_t>(1, model.kernels.attention_rows / group);
    std::vector<const float *> & from = scratch.queries;
    std::vector<float *> & to = scratch.results;
    std::vector<size_t> & positions = scratch.seen;
    for (size_t start = 0, tokens; start < count; start += tokens) {
        for (tokens = 1; tokens < tokens_together && start + tokens < count; tokens++) {
            if (rows[start + tokens].keys != rows[start].keys) break;
        }
        for (size_t head = 0; head < heads_kv; head++) {
            from.clear(), to.clear(), positions.clear();
            for (size_t i = start; i < start + tokens; i++) {
                for (size_t shared = 0; shared < group; shared++) {
                    const size_t at = i * head_floats + (head * group + shared) * width;
                    from.push_back(queries + at);
                    to.push_back(scratch.floats.data() + at);
                    positions.push_back(rows[i].sees);
                }
            }
            model.kernels.attend({rows[start].keys->blocks(layer, head), width, from.size(), from.data(), to.data(),
                                  positions.data(), scratch.attention.data()});
        }
    }
}

/** out = the scratch's first `count` rows times a matrix; one of nibbles is unpacked a few panels at a time. */
void multiply(const FastModel & model, Scratch & scratch, size_t count, const Packed & matrix, Into into, float * out,
              size_t stride) {
    const size_t step = matrix.channels_at_once();
    for (size_t first = 0; first < matrix.channels(); first += step) {
        const size_t last = std::min(first + step, matrix.channels());
        const Panels panels = matrix.panels(first, last, model.kernels, scratch.unpacked.data());
        model.kernels.multiply(scratch.rows(count, quantized_stride(matrix.inputs())), panels, into,
                               out + (into == Into::swiglu ? first / 2 : first), stride);
    }
}

/** Rows of floats, end to end, into the scratch as a product's `inputs`. */
void quantize(const FastModel & model, const float * x, size_t count, size_t length, size_t inputs, Scratch & scratch) {
    for (size_t i = 0; i < count; i++) {
        scratch.scales[i] = model.kernels.quantize(x + i * length, length,
                                                   scratch.quantized.data() + i * quantized_stride(inputs), inputs);
    }
}

/** What a half of a block reads of the residual stream: its norm where norms come first, else the stream itself. */
void enter(const FastModel & model, const FastNorm & norm, const float * x, size_t count, size_t inputs, Scratch & scratch) {
    if (!model.recipe.norm_first) return quantize(model, x, count, model.weights.embedding, inputs, scratch);
    const auto length = static_cast<size_t>(model.numbers.embedding_length);
    for (size_t i = 0; i < count; i++) {
        scratch.scales[i] = model.kernels.normalize(x + i * model.weights.embedding, norm.weight.data(),
                                                    model.numbers.norm_epsilon, length,
                                                    scratch.quantized.data() + i * quantized_stride(inputs), inputs);
    }
}

/** What becomes of the residual stream behind a half: its norm where norms come last. */
void leave(const FastModel & model, const FastNorm & norm, float * x, size_t count) {
    if (model.recipe.norm_first) return;
    const auto length = static_cast<size_t>(model.numbers.embedding_length);
    for (size_t i = 0; i < count; i++) {
        model.kernels.layer_norm(x + i * model.weights.embedding, norm.weight.data(), norm.bias.data(),
                                 model.numbers.norm_epsilon, length);
    }
}

}  // namespace

Scratch::Scratch(const Hyperparameters & numbers, const FastWeights & weights)
    : heads(static_cast<size_t>(numbers.head_count)),
      qkv_stride((heads + 2 * static_cast<size_t>(numbers.head_count_kv)) * weights.width),
      quantized(round_up(rows_together, 2 * row_step) *
                quantized_stride(round_up(
                    std::max({weights.embedding, heads * weights.width, weights.feed_forward}), input_step))),
      scales(rows_together),
      floats(rows_together * std::max(qkv_stride, weights.feed_forward)) {
    size_t bytes = 0;
    for (const FastBlock & block : weights.blocks) {
        for (const Packed * matrix : {&block.qkv, &block.output, &block.inner, &block.down}) {
            bytes = std::max(bytes, matrix->unpacked_bytes());
        }
    }
    if (bytes > 0) unpacked = Aligned<int8_t>(bytes);
}

void Scratch::prepare(size_t count, size_t positions, const FastWeights & weights) {
    const size_t together = std::max(max_attention_rows, heads);
    if (query_states.size() < count * heads * weights.width) query_states.resize(count * heads * weights.width);
    const size_t needed = attention_scratch(together, positions, weights.width);
    if (attention.size() < needed) attention = Aligned<float>(needed);
    wanted_rows.clear();
    wanted_rows.reserve(count);
    queries.reserve(together);
    results.reserve(together);
    seen.reserve(together);
}

void FastModel::extend_rotations(size_t positions) {
    const size_t half = weights.frequencies.size();
    if (half == 0) return;
    for (size_t position = rotations.size() / (2 * half); position < positions; position++) {
        for (const double frequency : weights.frequencies) {
            rotations.push_back(static_cast<float>(std::cos(static_cast<double>(position) * frequency)));
        }
        for (const double frequency : weights.frequencies) {
            rotations.push_back(static_cast<float>(std::sin(static_cast<double>(position) * frequency)));
        }
    }
}

void project(const FastModel & model, size_t layer, const TokenRow * rows, size_t count, const float * x, Scratch & scratch) {
    const FastBlock & block = model.weights.blocks[layer];
    const auto heads_kv = static_cast<size_t>(model.numbers.head_count_kv);
    const size_t width = model.weights.width, head_floats = scratch.heads * width;
    const size_t half = model.weights.frequencies.size(), step = rows_in_pass(count);
    for (size_t start = 0; start < count; start += step) {
        const size_t here = std::min(step, count - start);
        enter(model, block.attention_norm, x + start * model.weights.embedding, here, block.qkv.inputs(), scratch);
        multiply(model, scratch, here, block.qkv, Into::store, scratch.floats.data(), scratch.qkv_stride);
        for (size_t i = 0; i < here; i++) {
            const TokenRow & row = rows[start + i];
            float * q = scratch.floats.data() + i * scratch.qkv_stride;
            float * k = q + head_floats;
            const float * v = k + heads_kv * width;
            if (row.first) row.keys->copy_tail(layer);
            if (half > 0) {
                const float * cosines = model.rotations.data() + row.position * 2 * half;
                for (size_t head = 0; head < scratch.heads + heads_kv; head++) {
                    model.kernels.rotate(q + head * width, cosines, cosines + half, half);
                }
            }
            for (size_t head = 0; head < heads_kv; head++) {
                row.keys->set(layer, head, row.position, k + head * width, v + head * width);
            }
            std::memcpy(scratch.query_states.data() + (start + i) * head_floats, q, head_floats * sizeof(float));
        }
    }
}

void finish_block(const FastModel & model, size_t layer, const TokenRow * rows, size_t count, float * x, Scratch & scratch) {
    const FastBlock & block = model.weights.blocks[layer];
    const size_t head_floats = scratch.heads * model.weights.width;
    const size_t step = rows_in_pass(count);
    for (size_t start = 0; start < count; start += step) {
        const size_t here = std::min(step, count - start);
        float * residual = x + start * model.weights.embedding;

        attend(model, layer, rows + start, here, scratch.query_states.data() + start * head_floats, scratch);
        quantize(model, scratch.floats.data(), here, head_floats, block.output.inputs(), scratch);
        multiply(model, scratch, here, block.output, Into::add, residual, model.weights.embedding);
        leave(model, block.attention_norm, residual, here);

        enter(model, block.inner_norm, residual, here, block.inner.inputs(), scratch);
        multiply(model, scratch, here, block.inner, model.recipe.inner, scratch.floats.data(), model.weights.feed_forward);
        quantize(model, scratch.floats.data(), here, model.weights.feed_forward, block.down.inputs(), scratch);
        multiply(model, scratch, here, block.down, Into::add, residual, model.weights.embedding);
        leave(model, block.inner_norm, residual, here);
    }
}

}  // namespace qrag
