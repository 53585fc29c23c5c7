// Which rows are computed, by whom, and what is known of them already.
#include "graph.h"

#include <algorithm>
#include <cstring>

#include "../../error.h"

namespace qrag {

namespace {

// What a token costs beside the keys it sees, in keys; only the split among threads depends on it.
constexpr size_t fixed_cost = 300;

}  // namespace

FastGraph::FastGraph(const Recipe & recipe, const Hyperparameters & numbers, const Weights & weights,
                     std::optional<Pooling> pooling, const std::optional<EarlyExit> & exit, const Packing & packing,
                     std::function<bool()> cancelled)
    : cancelled_(std::move(cancelled)),
      model_{recipe, numbers, packing.kernels, FastWeights(recipe, numbers, weights.globals, weights.blocks, packing), {}},
      ends_(recipe, numbers, weights.globals, pooling, packing.kernels),
      exit_(exit),
      prefix_(sequence(/*keep_all=*/true)),
      team_(packing.threads, [this] { model_.kernels.begin_thread(); }, [this] { model_.kernels.end_thread(); }) {
    for (size_t i = 0; i < packing.threads; i++) scratch_.emplace_back(numbers, model_.weights);
}

KeyValues FastGraph::sequence(bool keep_all) const {
    return KeyValues(model_.kernels.block, model_.weights.blocks.size(),
                     static_cast<size_t>(model_.numbers.head_count_kv), model_.weights.width, keep_all);
}

std::vector<float> FastGraph::compute(const Sequences & sequences) {
    const bool all = model_.recipe.sight == Sight::all;
    const size_t shared = all ? 0 : share_prefix(sequences);
    while (sequences_.size() < sequences.count()) {
        sequences_.push_back(std::make_unique<KeyValues>(sequence(/*keep_all=*/false)));
    }
    std::vector<TokenRow> rows;
    for (size_t i = 0; i < sequences.count(); i++) {
        const int32_t * tokens = sequences.at(i);
        const size_t length = sequences.length(i), second = sequences.second(i);
        sequences_[i]->begin(length, &prefix_.keys(), shared);
        for (size_t at = shared; at < length; at++) {
            rows.push_back({tokens[at], at < second ? 0 : 1, at, all ? length : at + 1, i, sequences_[i].get(),
                            at == shared, ends_.wants(at, length)});
        }
    }
    std::vector<float> out(sequences.count() * ends_.width());
    compute_rows(std::move(rows), out.data());
    return out;
}

size_t FastGraph::share_prefix(const Sequences & sequences) {
    const auto [from, to] = prefix_.expect(sequences);
    if (from == to) return to;
    std::vector<TokenRow> rows;
    for (size_t at = from; at < to; at++) {
        rows.push_back({sequences.at(0)[at], 0, at, at + 1, 0, &prefix_.keys(), false, false});
    }
    compute_rows(std::move(rows), nullptr);
    prefix_.complete(sequences, to);
    return to;
}

/** Bounds of the threads' runs of rows, so that each has about the same work. */
std::vector<size_t> FastGraph::split(const std::vector<TokenRow> & rows) const {
    size_t total = 0;
    for (const TokenRow & row : rows) total += fixed_cost + row.sees;
    std::vector<size_t> bounds = {0};
    size_t sum = 0;
    for (size_t i = 0; i < rows.size(); i++) {
        if (sum * team_.size() >= total * bounds.size()) bounds.push_back(i);
        sum += fixed_cost + rows[i].sees;
    }
    bounds.resize(team_.size() + 1, rows.size());
    bounds.back() = rows.size();
    return bounds;
}

void FastGraph::compute_rows(std::vector<TokenRow> rows, float * out) {
    const size_t width = model_.weights.embedding, end = model_.weights.blocks.size();
    if (states_.size() < rows.size() * width) states_.resize(rows.size() * width);
    size_t first = 0;
    if (exit_) {
        first = static_cast<size_t>(exit_->blocks);
        run_blocks(rows, 0, first, out);
        drop_exited(rows, out);
        if (rows.empty()) return;
    }
    run_blocks(rows, first, end, out);
}

void FastGraph::drop_exited(std::vector<TokenRow> & rows, float * out) {
    const size_t width = model_.weights.embedding;
    size_t kept = 0;
    bool exits = false;
    for (size_t i = 0; i < rows.size(); i++) {
        const float * state = states_.data() + i * width;
        // A sequence's first row is the one that an encoder's head reads.
        if (rows[i].first) {
            const float margin = exit_->margin(state);
            exits = margin < exit_->below;
            if (exits) EarlyExit::write(margin, out + rows[i].sequence * ends_.width(), ends_.width());
        }
        if (exits) continue;
        if (kept < i) std::memcpy(states_.data() + kept * width, state, width * sizeof(float));
        rows[kept++] = rows[i];
    }
    rows.resize(kept);
}

void FastGraph::run_blocks(const std::vector<TokenRow> & rows, size_t first, size_t end, float * out) {
    size_t positions = 0;
    for (const TokenRow & row : rows) positions = std::max(positions, row.sees);
    model_.extend_rotations(positions);
    const std::vector<size_t> bounds = split(rows);
    for (size_t thread = 0; thread < team_.size(); thread++) {
        scratch_[thread].prepare(bounds[thread + 1] - bounds[thread], positions, model_.weights);
    }
    // The block at which all stop. Its number, not a flag: a slow thread may still ask about an earlier one.
    std::atomic<size_t> stop_at{end};
    team_.run([&](size_t thread) {
        if (thread == 0) model_.kernels.begin_thread();
        take_through_blocks(rows.data() + bounds[thread], bounds[thread + 1] - bounds[thread],
                            states_.data() + bounds[thread] * model_.weights.embedding, first, end, thread == 0, stop_at,
                            scratch_[thread]);
        if (thread == 0) model_.kernels.end_thread();
    });
    if (stop_at < end) throw Error(Code::disposed, "the model was disposed");
    // In the order of the rows, whoever computed them: a sum of many must not depend on how they were split.
    const size_t width = model_.weights.embedding;
    for (size_t thread = 0; thread < team_.size(); thread++) {
        const float * state = states_.data() + bounds[thread] * width;
        for (const TokenRow & row : scratch_[thread].wanted_rows) {
            ends_.finish(row, state, out + row.sequence * ends_.width());
            state += width;
        }
    }
}

/** One thread's rows. Behind the last block the states of the wanted ones lie at the front of x. */
void FastGraph::take_through_blocks(const TokenRow * rows, size_t count, float * x, size_t first, size_t end, bool watches,
                                    std::atomic<size_t> & stop_at, Scratch & scratch) {
    const size_t width = model_.weights.embedding, head_floats = scratch.heads * model_.weights.width;
    if (first == 0) {
        for (size_t i = 0; i < count; i++) ends_.embed(rows[i], x + i * width);
    }
    for (size_t layer = first; layer < end; layer++) {
        project(model_, layer, rows, count, x, scratch);
        if (watches && cancelled_()) stop_at = layer;
        team_.barrier();
        if (layer >= stop_at) return;
        if (layer + 1 < model_.weights.blocks.size()) {
            finish_block(model_, layer, rows, count, x, scratch);
            continue;
        }
        // Only the wanted tokens are read from here on.
        float * queries = scratch.query_states.data();
        for (size_t i = 0; i < count; i++) {
            if (!rows[i].wanted) continue;
            const size_t to = scratch.wanted_rows.size();
            std::memmove(x + to * width, x + i * width, width * sizeof(float));
            std::memmove(queries + to * head_floats, queries + i * head_floats, head_floats * sizeof(float));
            scratch.wanted_rows.push_back(rows[i]);
        }
        finish_block(model_, layer, scratch.wanted_rows.data(), scratch.wanted_rows.size(), x, scratch);
    }
}

}  // namespace qrag
