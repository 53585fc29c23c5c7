// One decoder in fused steps; the reference graph says the same in plain operations.
#include "fast_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "error.h"
#include "ggml.h"

namespace qrag {

namespace {

// Rows that go through a product together: enough that reading the weights is hidden behind computing with them, few
// enough that the feed-forward's inside (rows * feed_forward floats) stays in the second cache.
constexpr size_t rows_together = 128;

// What a token costs beside the keys it sees, in keys; only the split among threads depends on it.
constexpr size_t fixed_cost = 300;

size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

size_t common_length(const int32_t * a, const int32_t * b, size_t length) {
    return static_cast<size_t>(std::mismatch(a, a + length, b).first - a);
}

}  // namespace

/** One thread's working memory for rows_together rows. */
struct FastGraph::Scratch {
    Scratch(const Numbers & numbers, const FastWeights & weights)
        : heads(static_cast<size_t>(numbers.head_count)),
          inputs(round_up(std::max({weights.embedding, heads * weights.width, weights.feed_forward}), input_step)),
          qkv_stride((heads + 2 * static_cast<size_t>(numbers.head_count_kv)) * weights.width),
          quantized(round_up(rows_together, 2 * row_step) * inputs),
          scales(rows_together),
          qkv(rows_together * qkv_stride),
          mixed(rows_together * heads * weights.width),
          hidden(rows_together * weights.feed_forward) {}

    Rows rows(size_t count, size_t stride) const { return {quantized.data(), scales.data(), count, stride}; }

    size_t heads, inputs, qkv_stride;
    Aligned<uint8_t> quantized;  // [rows][inputs of the product at hand]
    Aligned<float> scales, qkv, mixed, hidden;
    Aligned<float> attention;
    std::vector<float> states;   // the residual stream of the thread's rows: [rows][embedding]
    std::vector<float> queries;  // their queries between the two halves of a block: [rows][heads * width]
};

FastGraph::FastGraph(const Numbers & numbers, const Shared & shared, const std::vector<Block> & blocks,
                     const Kernels & kernels, size_t threads, std::function<bool()> cancelled)
    : numbers_(numbers),
      shared_(shared),
      kernels_(kernels),
      cancelled_(std::move(cancelled)),
      weights_(numbers, shared, blocks),
      team_(threads, [&kernels] { kernels.begin_thread(); }, [&kernels] { kernels.end_thread(); }),
      prefix_(kernels.block, blocks.size(), static_cast<size_t>(numbers.head_count_kv), weights_.width, /*keep_all=*/true) {
    for (size_t i = 0; i < threads; i++) scratch_.push_back(std::make_unique<Scratch>(numbers_, weights_));
}

FastGraph::~FastGraph() = default;

std::vector<float> FastGraph::decide(const int32_t * tokens, const int32_t * offsets, size_t count) {
    const size_t shared = share_prefix(tokens, offsets, count);
    while (sequences_.size() < count) {
        sequences_.push_back(std::make_unique<KeyValues>(
            kernels_.block, weights_.blocks.size(), static_cast<size_t>(numbers_.head_count_kv), weights_.width, /*keep_all=*/false));
    }
    std::vector<Row> rows;
    for (size_t i = 0; i < count; i++) {
        const int32_t * sequence = tokens + offsets[i];
        const auto length = static_cast<size_t>(offsets[i + 1] - offsets[i]);
        sequences_[i]->begin(length, &prefix_, shared);
        for (size_t at = shared; at < length; at++) {
            rows.push_back({sequence[at], at, sequences_[i].get(), at == shared, at + 1 == length});
        }
    }
    std::vector<float> logits(count * static_cast<size_t>(numbers_.decision_count));
    compute(rows, logits.data());
    return logits;
}

/**
 * Brings keys and values of a common prefix into prefix_ and returns its length. What several sequences share is
 * computed once; so is what this call shares with the one before, and the calls after it find it there.
 */
size_t FastGraph::share_prefix(const int32_t * tokens, const int32_t * offsets, size_t count) {
    const int32_t * first = tokens + offsets[0];
    size_t length = static_cast<size_t>(offsets[1] - offsets[0]) - 1;
    for (size_t i = 1; i < count; i++) {
        length = std::min(length, static_cast<size_t>(offsets[i + 1] - offsets[i]) - 1);
        length = common_length(first, tokens + offsets[i], length);
    }
    const size_t known = common_length(first, prefix_tokens_.data(), std::min(length, prefix_tokens_.size()));
    if (count == 1) {
        const size_t before = common_length(first, previous_tokens_.data(), std::min(length, previous_tokens_.size()));
        length = std::max(known, before);
    }
    previous_tokens_.assign(first, first + (offsets[1] - offsets[0]));
    if (length == known) return length;

    prefix_tokens_.resize(known);  // should computing stop half-way, this much is still true
    prefix_.begin(length, nullptr, 0);
    std::vector<Row> rows;
    for (size_t at = known; at < length; at++) rows.push_back({first[at], at, &prefix_, false, false});
    compute(rows, nullptr);
    prefix_tokens_.assign(first, first + length);
    return length;
}

/** Bounds of the threads' runs of rows, so that each has about the same work. */
std::vector<size_t> FastGraph::split(const std::vector<Row> & rows) const {
    size_t total = 0;
    for (const Row & row : rows) total += fixed_cost + row.position;
    std::vector<size_t> bounds = {0};
    size_t sum = 0;
    for (size_t i = 0; i < rows.size(); i++) {
        if (sum * team_.size() >= total * bounds.size()) bounds.push_back(i);
        sum += fixed_cost + rows[i].position;
    }
    bounds.resize(team_.size() + 1, rows.size());
    bounds.back() = rows.size();
    return bounds;
}

void FastGraph::compute(const std::vector<Row> & rows, float * logits) {
    const size_t width = weights_.embedding, half = weights_.frequencies.size();
    size_t positions = 0;
    for (const Row & row : rows) positions = std::max(positions, row.position + 1);
    for (size_t position = half == 0 ? positions : turns_.size() / (2 * half); position < positions; position++) {
        for (const double frequency : weights_.frequencies) {
            turns_.push_back(static_cast<float>(std::cos(static_cast<double>(position) * frequency)));
        }
        for (const double frequency : weights_.frequencies) {
            turns_.push_back(static_cast<float>(std::sin(static_cast<double>(position) * frequency)));
        }
    }
    std::vector<size_t> places(rows.size());  // which logits a last row writes
    size_t sequences = 0;
    for (size_t i = 0; i < rows.size(); i++) places[i] = rows[i].last ? sequences++ : sequences;

    const std::vector<size_t> bounds = split(rows);
    // The block at which all stop. Its number, not a flag: a slow thread may still ask about an earlier one.
    std::atomic<size_t> stop_at{weights_.blocks.size()};
    const std::function<void(size_t)> work = [&](size_t thread) {
        if (thread == 0) kernels_.begin_thread();
        Scratch & scratch = *scratch_[thread];
        const Row * mine = rows.data() + bounds[thread];
        size_t count = bounds[thread + 1] - bounds[thread];
        std::vector<Row> last_rows;
        std::vector<float> & x = scratch.states;
        if (x.size() < count * width) x.resize(count * width);
        for (size_t i = 0; i < count; i++) embed(mine[i], x.data() + i * width);
        for (size_t layer = 0; layer < weights_.blocks.size(); layer++) {
            const FastBlock & block = weights_.blocks[layer];
            project(block, layer, mine, count, x.data(), scratch);
            if (thread == 0 && cancelled_()) stop_at = layer;
            team_.meet();
            if (layer >= stop_at) break;
            if (layer + 1 == weights_.blocks.size()) {
                // Only the last tokens are read from here on; their rows move to the front.
                const size_t head_floats = scratch.heads * weights_.width;
                for (size_t i = 0; i < count; i++) {
                    if (!mine[i].last) continue;
                    const size_t to = last_rows.size();
                    std::memmove(x.data() + to * width, x.data() + i * width, width * sizeof(float));
                    std::memmove(scratch.queries.data() + to * head_floats, scratch.queries.data() + i * head_floats,
                                 head_floats * sizeof(float));
                    last_rows.push_back(mine[i]);
                }
                finish_block(block, layer, last_rows.data(), last_rows.size(), x.data(), scratch);
                break;
            }
            finish_block(block, layer, mine, count, x.data(), scratch);
        }
        const bool whole = stop_at == weights_.blocks.size();
        size_t at = 0;
        for (size_t i = 0; i < count && whole && logits != nullptr; i++) {
            if (!mine[i].last) continue;
            const size_t place = places[bounds[thread] + i];
            decide_row(x.data() + at++ * width, logits + place * static_cast<size_t>(numbers_.decision_count));
        }
        if (thread == 0) kernels_.end_thread();
    };
    team_.run(work);
    if (stop_at < weights_.blocks.size()) throw Error(Code::disposed, "the model was disposed");
}

void FastGraph::embed(const Row & row, float * x) const {
    const ggml_tensor * table = shared_.token_embd;
    const char * bytes = static_cast<const char *>(table->data) + static_cast<size_t>(row.token) * table->nb[1];
    if (table->type == GGML_TYPE_F32) {
        std::memcpy(x, bytes, static_cast<size_t>(table->ne[0]) * sizeof(float));
    } else {
        ggml_get_type_traits(table->type)->to_float(bytes, x, table->ne[0]);
    }
}

/** First half of a block: norm, queries, keys, values, RoPE. Queries wait in the scratch for everybody's keys. */
void FastGraph::project(const FastBlock & block, size_t layer, const Row * rows, size_t count, const float * x,
                        Scratch & scratch) {
    const Panels panels = block.qkv.panels();
    const auto heads_kv = static_cast<size_t>(numbers_.head_count_kv);
    const auto length = static_cast<size_t>(numbers_.embedding_length);
    const size_t head_floats = scratch.heads * weights_.width;
    if (scratch.queries.size() < count * head_floats) scratch.queries.resize(count * head_floats);
    for (size_t start = 0; start < count; start += rows_together) {
        const size_t here = std::min(rows_together, count - start);
        for (size_t i = 0; i < here; i++) {
            scratch.scales[i] = kernels_.normalize(x + (start + i) * weights_.embedding, block.attn_norm.data(),
                                                   numbers_.norm_epsilon, length,
                                                   scratch.quantized.data() + i * panels.inputs, panels.inputs);
        }
        kernels_.multiply(scratch.rows(here, panels.inputs), panels, Into::store, scratch.qkv.data(), scratch.qkv_stride);
        for (size_t i = 0; i < here; i++) {
            const Row & row = rows[start + i];
            float * q = scratch.qkv.data() + i * scratch.qkv_stride;
            float * k = q + head_floats;
            const float * v = k + heads_kv * weights_.width;
            if (row.first) row.keys->copy_tail(layer);
            for (size_t head = 0; head < scratch.heads + heads_kv; head++) turn(q + head * weights_.width, row.position);
            for (size_t head = 0; head < heads_kv; head++) {
                row.keys->set(layer, head, row.position, k + head * weights_.width, v + head * weights_.width);
            }
            std::memcpy(scratch.queries.data() + (start + i) * head_floats, q, head_floats * sizeof(float));
        }
    }
}

/** RoPE on one head whose even dimensions lie before its odd ones. */
void FastGraph::turn(float * head, size_t position) const {
    const size_t half = weights_.frequencies.size();
    const float * cosines = turns_.data() + position * 2 * half;
    const float * sines = cosines + half;
    for (size_t i = 0; i < half; i++) {
        const float a = head[i], b = head[half + i];
        head[i] = a * cosines[i] - b * sines[i];
        head[half + i] = a * sines[i] + b * cosines[i];
    }
}

/** For each key head, the query heads that share it, of a few neighbouring tokens of one sequence at a time. */
void FastGraph::attend(size_t layer, const Row * rows, size_t count, const float * queries, Scratch & scratch) {
    const auto heads_kv = static_cast<size_t>(numbers_.head_count_kv);
    const size_t group = scratch.heads / heads_kv, width = weights_.width, head_floats = scratch.heads * width;
    const size_t tokens_together = std::max<size_t>(1, attention_rows / group);
    std::vector<const float *> from;
    std::vector<float *> to;
    std::vector<size_t> positions;
    for (size_t start = 0, tokens; start < count; start += tokens) {
        for (tokens = 1; tokens < tokens_together && start + tokens < count; tokens++) {
            if (rows[start + tokens].keys != rows[start].keys) break;
        }
        const size_t floats = attention_scratch(tokens * group, rows[start + tokens - 1].position + 1, width);
        if (scratch.attention.size() < floats) scratch.attention = Aligned<float>(floats);
        for (size_t head = 0; head < heads_kv; head++) {
            from.clear(), to.clear(), positions.clear();
            for (size_t i = start; i < start + tokens; i++) {
                for (size_t shared = 0; shared < group; shared++) {
                    const size_t at = i * head_floats + (head * group + shared) * width;
                    from.push_back(queries + at);
                    to.push_back(scratch.mixed.data() + at);
                    positions.push_back(rows[i].position + 1);
                }
            }
            kernels_.attend({rows[start].keys->blocks(layer, head), width, from.size(), from.data(), to.data(),
                             positions.data(), scratch.attention.data()});
        }
    }
}

/** Second half: attention, output projection, norm, SwiGLU. The residual stream x stays in float. */
void FastGraph::finish_block(const FastBlock & block, size_t layer, const Row * rows, size_t count, float * x,
                             Scratch & scratch) {
    const Panels output = block.output.panels(), gate_up = block.gate_up.panels(), down = block.down.panels();
    const size_t head_floats = scratch.heads * weights_.width;
    const auto length = static_cast<size_t>(numbers_.embedding_length);
    for (size_t start = 0; start < count; start += rows_together) {
        const size_t here = std::min(rows_together, count - start);
        float * residual = x + start * weights_.embedding;
        uint8_t * quantized = scratch.quantized.data();

        attend(layer, rows + start, here, scratch.queries.data() + start * head_floats, scratch);
        for (size_t i = 0; i < here; i++) {
            scratch.scales[i] = kernels_.quantize(scratch.mixed.data() + i * head_floats, head_floats,
                                                  quantized + i * output.inputs, output.inputs);
        }
        kernels_.multiply(scratch.rows(here, output.inputs), output, Into::add, residual, weights_.embedding);

        for (size_t i = 0; i < here; i++) {
            scratch.scales[i] =
                kernels_.normalize(residual + i * weights_.embedding, block.ffn_norm.data(), numbers_.norm_epsilon,
                                   length, quantized + i * gate_up.inputs, gate_up.inputs);
        }
        kernels_.multiply(scratch.rows(here, gate_up.inputs), gate_up, Into::swiglu, scratch.hidden.data(),
                          weights_.feed_forward);
        for (size_t i = 0; i < here; i++) {
            scratch.scales[i] =
                kernels_.quantize(scratch.hidden.data() + i * weights_.feed_forward, weights_.feed_forward,
                                  quantized + i * down.inputs, down.inputs);
        }
        kernels_.multiply(scratch.rows(here, down.inputs), down, Into::add, residual, weights_.embedding);
    }
}

void FastGraph::decide_row(const float * x, float * logits) const {
    const auto length = static_cast<size_t>(numbers_.embedding_length);
    double squares = 0;
    for (size_t i = 0; i < length; i++) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    const double factor = 1 / std::sqrt(squares / static_cast<double>(length) + static_cast<double>(numbers_.norm_epsilon));
    for (size_t row = 0; row < static_cast<size_t>(numbers_.decision_count); row++) {
        const float * weights = weights_.decision.data() + row * length;
        double sum = 0;
        for (size_t i = 0; i < length; i++) sum += static_cast<double>(x[i] * weights_.output_norm[i]) * static_cast<double>(weights[i]);
        logits[row] = static_cast<float>(sum * factor);
    }
}

}  // namespace qrag
