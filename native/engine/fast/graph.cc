// Which rows are computed, by whom, and what is known of them already.
#include "graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../../error.h"
#include "ggml.h"

namespace qrag {

namespace {

// What a token costs beside the keys it sees, in keys; only the split among threads depends on it.
constexpr size_t fixed_cost = 300;

size_t common_length(const int32_t * a, const int32_t * b, size_t length) {
    return static_cast<size_t>(std::mismatch(a, a + length, b).first - a);
}

}  // namespace

FastGraph::FastGraph(const Hyperparameters & numbers, const GlobalTensors & shared, const std::vector<Block> & blocks,
                     const Packing & packing, std::function<bool()> cancelled)
    : shared_(shared),
      cancelled_(std::move(cancelled)),
      model_{numbers, packing.kernels, FastWeights(numbers, shared, blocks, packing), {}},
      prefix_(sequence(/*keep_all=*/true)),
      team_(packing.threads, [this] { model_.kernels.begin_thread(); }, [this] { model_.kernels.end_thread(); }) {
    for (size_t i = 0; i < packing.threads; i++) scratch_.emplace_back(numbers, model_.weights);
}

KeyValues FastGraph::sequence(bool keep_all) const {
    return KeyValues(model_.kernels.block, model_.weights.blocks.size(),
                     static_cast<size_t>(model_.numbers.head_count_kv), model_.weights.width, keep_all);
}

std::vector<float> FastGraph::decide(const int32_t * tokens, const int32_t * offsets, size_t count) {
    const size_t shared = share_prefix(tokens, offsets, count);
    while (sequences_.size() < count) sequences_.push_back(std::make_unique<KeyValues>(sequence(/*keep_all=*/false)));
    std::vector<TokenRow> rows;
    for (size_t i = 0; i < count; i++) {
        const int32_t * sequence = tokens + offsets[i];
        const auto length = static_cast<size_t>(offsets[i + 1] - offsets[i]);
        sequences_[i]->begin(length, &prefix_, shared);
        for (size_t at = shared; at < length; at++) {
            rows.push_back({sequence[at], at, sequences_[i].get(), at == shared, at + 1 == length});
        }
    }
    std::vector<float> logits(count * static_cast<size_t>(model_.numbers.decision_count));
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

    prefix_tokens_.clear();  // should memory run out in begin, nothing is known any more
    prefix_.begin(length, nullptr, 0);
    prefix_tokens_.assign(first, first + known);  // should computing stop half-way, this much is still true
    std::vector<TokenRow> rows;
    for (size_t at = known; at < length; at++) rows.push_back({first[at], at, &prefix_, false, false});
    compute(rows, nullptr);
    prefix_tokens_.assign(first, first + length);
    return length;
}

/** Bounds of the threads' runs of rows, so that each has about the same work. */
std::vector<size_t> FastGraph::split(const std::vector<TokenRow> & rows) const {
    size_t total = 0;
    for (const TokenRow & row : rows) total += fixed_cost + row.position;
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

void FastGraph::compute(const std::vector<TokenRow> & rows, float * logits) {
    size_t positions = 0;
    for (const TokenRow & row : rows) positions = std::max(positions, row.position + 1);
    model_.extend_rotations(positions);
    const std::vector<size_t> bounds = split(rows);
    std::vector<size_t> sequences = {0};  // how many sequences end before each thread's rows
    for (size_t thread = 0; thread < team_.size(); thread++) {
        const auto first = rows.begin() + static_cast<ptrdiff_t>(bounds[thread]);
        const auto last = rows.begin() + static_cast<ptrdiff_t>(bounds[thread + 1]);
        const auto ends = std::count_if(first, last, [](const TokenRow & row) { return row.last; });
        sequences.push_back(sequences.back() + static_cast<size_t>(ends));
        scratch_[thread].prepare(static_cast<size_t>(last - first), positions, model_.weights);
    }
    // The block at which all stop. Its number, not a flag: a slow thread may still ask about an earlier one.
    std::atomic<size_t> stop_at{model_.weights.blocks.size()};
    team_.run([&](size_t thread) {
        if (thread == 0) model_.kernels.begin_thread();
        Scratch & scratch = scratch_[thread];
        compute_rows(rows.data() + bounds[thread], bounds[thread + 1] - bounds[thread], thread == 0, stop_at, scratch);
        const auto decisions = static_cast<size_t>(model_.numbers.decision_count);
        for (size_t i = 0; i < scratch.last_rows.size(); i++) {
            decide_row(scratch.states.data() + i * model_.weights.embedding,
                       logits + (sequences[thread] + i) * decisions);
        }
        if (thread == 0) model_.kernels.end_thread();
    });
    if (stop_at < model_.weights.blocks.size()) throw Error(Code::disposed, "the model was disposed");
}

/** All blocks of one thread's rows. In the end the states of the sequences' last rows lie at the front, if not stopped. */
void FastGraph::compute_rows(const TokenRow * rows, size_t count, bool watches, std::atomic<size_t> & stop_at,
                             Scratch & scratch) {
    const size_t width = model_.weights.embedding, head_floats = scratch.heads * model_.weights.width;
    float * x = scratch.states.data();
    for (size_t i = 0; i < count; i++) embed(rows[i], x + i * width);
    for (size_t layer = 0; layer < model_.weights.blocks.size(); layer++) {
        project(model_, layer, rows, count, x, scratch);
        if (watches && cancelled_()) stop_at = layer;
        team_.barrier();
        if (layer >= stop_at) return;
        if (layer + 1 < model_.weights.blocks.size()) {
            finish_block(model_, layer, rows, count, x, scratch);
            continue;
        }
        // Only the last tokens are read from here on.
        float * queries = scratch.query_states.data();
        for (size_t i = 0; i < count; i++) {
            if (!rows[i].last) continue;
            const size_t to = scratch.last_rows.size();
            std::memmove(x + to * width, x + i * width, width * sizeof(float));
            std::memmove(queries + to * head_floats, queries + i * head_floats, head_floats * sizeof(float));
            scratch.last_rows.push_back(rows[i]);
        }
        finish_block(model_, layer, scratch.last_rows.data(), scratch.last_rows.size(), x, scratch);
    }
}

void FastGraph::embed(const TokenRow & row, float * x) const {
    const ggml_tensor * table = shared_.token_embd;
    const char * bytes = static_cast<const char *>(table->data) + static_cast<size_t>(row.token) * table->nb[1];
    if (table->type == GGML_TYPE_F32) {
        std::memcpy(x, bytes, static_cast<size_t>(table->ne[0]) * sizeof(float));
    } else {
        ggml_get_type_traits(table->type)->to_float(bytes, x, table->ne[0]);
    }
}

void FastGraph::decide_row(const float * x, float * logits) const {
    const auto length = static_cast<size_t>(model_.numbers.embedding_length);
    double squares = 0;
    for (size_t i = 0; i < length; i++) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    const double factor = 1 / std::sqrt(squares / static_cast<double>(length) + static_cast<double>(model_.numbers.norm_epsilon));
    for (size_t row = 0; row < static_cast<size_t>(model_.numbers.decision_count); row++) {
        const float * weights = model_.weights.decision.data() + row * length;
        double sum = 0;
        for (size_t i = 0; i < length; i++) sum += static_cast<double>(x[i] * model_.weights.output_norm[i]) * static_cast<double>(weights[i]);
        logits[row] = static_cast<float>(sum * factor);
    }
}

}  // namespace qrag
