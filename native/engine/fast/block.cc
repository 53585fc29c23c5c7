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
                    positions.push_back(rows[i].position + 1);
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
        for (const Packed * matrix : {&block.qkv, &block.output, &block.gate_up, &block.down}) {
            bytes = std::max(bytes, matrix->unpacked_bytes());
        }
    }
    if (bytes > 0) unpacked = Aligned<int8_t>(bytes);
}

void Scratch::prepare(size_t count, size_t positions, const FastWeights & weights) {
    const size_t together = std::max(max_attention_rows, heads);
    if (states.size() < count * weights.embedding) states.resize(count * weights.embedding);
    if (query_states.size() < count * heads * weights.width) query_states.resize(count * heads * weights.width);
    const size_t needed = attention_scratch(together, positions, weights.width);
    if (attention.size() < needed) attention = Aligned<float>(needed);
    last_rows.clear();
    last_rows.reserve(count);
    queries.reserve(together);
    results.reserve(together);
    seen.reserve(together);
}

void FastModel::extend_rotations(size_t positions) {
    const size_t half = weights.frequencies.size();
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
    const auto length = static_cast<size_t>(model.numbers.embedding_length);
    const size_t width = model.weights.width, head_floats = scratch.heads * width, inputs = block.qkv.inputs();
    const size_t half = model.weights.frequencies.size(), step = rows_in_pass(count);
    for (size_t start = 0; start < count; start += step) {
        const size_t here = std::min(step, count - start);
        for (size_t i = 0; i < here; i++) {
            scratch.scales[i] = model.kernels.normalize(
                x + (start + i) * model.weights.embedding, block.attn_norm.data(), model.numbers.norm_epsilon, length,
                scratch.quantized.data() + i * quantized_stride(inputs), inputs);
        }
        multiply(model, scratch, here, block.qkv, Into::store, scratch.floats.data(), scratch.qkv_stride);
        for (size_t i = 0; i < here; i++) {
            const TokenRow & row = rows[start + i];
            float * q = scratch.floats.data() + i * scratch.qkv_stride;
            float * k = q + head_floats;
            const float * v = k + heads_kv * width;
            if (row.first) row.keys->copy_tail(layer);
            const float * cosines = model.rotations.data() + row.position * 2 * half;
            for (size_t head = 0; head < scratch.heads + heads_kv; head++) {
                model.kernels.rotate(q + head * width, cosines, cosines + half, half);
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
    const auto length = static_cast<size_t>(model.numbers.embedding_length);
    const size_t step = rows_in_pass(count);
    for (size_t start = 0; start < count; start += step) {
        const size_t here = std::min(step, count - start);
        float * residual = x + start * model.weights.embedding;
        uint8_t * quantized = scratch.quantized.data();

        attend(model, layer, rows + start, here, scratch.query_states.data() + start * head_floats, scratch);
        for (size_t i = 0; i < here; i++) {
            scratch.scales[i] = model.kernels.quantize(scratch.floats.data() + i * head_floats, head_floats,
                                                       quantized + i * quantized_stride(block.output.inputs()), block.output.inputs());
        }
        multiply(model, scratch, here, block.output, Into::add, residual, model.weights.embedding);

        for (size_t i = 0; i < here; i++) {
            scratch.scales[i] = model.kernels.normalize(
                residual + i * model.weights.embedding, block.ffn_norm.data(), model.numbers.norm_epsilon, length,
                quantized + i * quantized_stride(block.gate_up.inputs()), block.gate_up.inputs());
        }
        multiply(model, scratch, here, block.gate_up, Into::swiglu, scratch.floats.data(), model.weights.feed_forward);
        for (size_t i = 0; i < here; i++) {
            scratch.scales[i] = model.kernels.quantize(
                scratch.floats.data() + i * model.weights.feed_forward, model.weights.feed_forward,
                quantized + i * quantized_stride(block.down.inputs()), block.down.inputs());
        }
        multiply(model, scratch, here, block.down, Into::add, residual, model.weights.embedding);
    }
}

}  // namespace qrag
