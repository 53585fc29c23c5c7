// Which graph answers what: decisions the fast one where there is one, everything else the reference.
#include "engine.h"

#include <algorithm>
#include <cmath>
#include <string>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "../error.h"
#include "ggml-cpu.h"
#include "../kernels/dispatch.h"

namespace qrag {

namespace {

/** -log softmax(logits)[token], summed in double: the vocabulary is long and the proof compares small differences. */
double surprise_of(const float * logits, int64_t count, int32_t token) {
    const float largest = *std::max_element(logits, logits + count);
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += std::exp(static_cast<double>(logits[i] - largest));
    return std::log(sum) + largest - logits[token];
}

void fill(ggml_tensor * tensor, const void * data) { ggml_backend_tensor_set(tensor, data, 0, ggml_nbytes(tensor)); }

std::vector<float> read(const ggml_tensor * tensor) {
    std::vector<float> values(static_cast<size_t>(ggml_nelements(tensor)));
    ggml_backend_tensor_get(tensor, values.data(), 0, ggml_nbytes(tensor));
    return values;
}

/** Null for the reference graph; it is also the best where only the portable kernels run, which ggml's own outdo. */
const Kernels * kernels_argument(const std::string & name) {
    if (name == "reference") return nullptr;
    const Kernels * kernels = choose_kernels(name);
    if (kernels == nullptr) {
        std::string usable;
        for (const Kernels * each : usable_kernels()) usable += std::string(usable.empty() ? "" : ", ") + each->name;
        throw Error(Code::input_invalid, "no kernels named \"" + name + "\" run on this machine, which has: " + usable);
    }
    return name.empty() && kernels == &portable_kernels ? nullptr : kernels;
}

/** What loading needed for a moment goes back to the system: glibc would keep it for a process that may never ask again. */
void return_freed_memory() {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

}  // namespace

Engine::Engine(const Hyperparameters & numbers, const std::vector<TensorSpec> & specs, int threads,
               const std::string & kernels, bool unpack)
    : numbers_(numbers),
      threads_(threads),
      kernels_(kernels_argument(kernels)),
      unpack_(unpack),
      weights_(numbers, specs) {
    if (threads < 1 || threads > GGML_MAX_N_THREADS) {
        throw Error(Code::input_invalid, "threads is " + std::to_string(threads) + ", expected 1 to " +
                                             std::to_string(GGML_MAX_N_THREADS));
    }
}

Engine::~Engine() {
    backend_.reset();
    if (pool_ != nullptr) ggml_threadpool_free(pool_);
}

void Engine::seal() {
    weights_.check();
    if (kernels_ == nullptr) return;
    const Packing packing{*kernels_, unpack_, static_cast<size_t>(threads_),
                          [this](size_t block) { weights_.release_block(block); }};
    fast_ = std::make_unique<FastGraph>(numbers_, weights_.shared, weights_.blocks, packing,
                                        [this] { return cancelled_.load(); });
    return_freed_memory();
}

void Engine::prepare_reference() {
    if (weights_.blocks_released()) {
        throw Error(Code::input_invalid, "only decisions are computed here; load the model with the reference kernels");
    }
    if (backend_) return;
    backend_.reset(ggml_backend_cpu_init());
    ggml_threadpool_params params = ggml_threadpool_params_default(threads_);
    params.poll = 0;  // between batches the threads sleep: a desktop application is idle most of the time
    pool_ = ggml_threadpool_new(&params);
    memory_.reset(ggml_gallocr_new(ggml_backend_cpu_buffer_type()));
    if (!backend_ || pool_ == nullptr || !memory_) throw Error(Code::out_of_memory, "no memory to compute with");
    ggml_backend_cpu_set_n_threads(backend_.get(), threads_);
    ggml_backend_cpu_set_threadpool(backend_.get(), pool_);
    ggml_backend_cpu_set_abort_callback(
        backend_.get(), [](void * engine) { return static_cast<Engine *>(engine)->cancelled_.load(); }, this);
}

std::vector<float> Engine::score(const std::vector<int32_t> & tokens, const std::vector<int32_t> & offsets,
                                 Mode mode) {
    check_sequences(tokens, offsets, numbers_);
    const size_t count = offsets.size() - 1;
    if (mode == Mode::decision && fast_) {
        if (cancelled_) throw Error(Code::disposed, "the model was disposed");
        return fast_->decide(tokens.data(), offsets.data(), count);
    }
    if (mode == Mode::surprise) return surprise(tokens.data(), offsets.data(), count);

    const Batch batch = Batch::pack(tokens.data(), offsets.data(), count);
    if (mode == Mode::decision) return run(batch, Head::decision);

    const std::vector<float> logits = run(batch, Head::vocabulary);
    std::vector<float> best(count);
    for (size_t i = 0; i < count; i++) {
        const auto row = logits.begin() + static_cast<ptrdiff_t>(i) * numbers_.vocabulary_size;
        best[i] = static_cast<float>(std::max_element(row, row + numbers_.vocabulary_size) - row);
    }
    return best;
}

std::vector<float> Engine::surprise(const int32_t * tokens, const int32_t * offsets, size_t count) {
    std::vector<float> sums(count);
    for (size_t i = 0; i < count; i++) {
        const Batch batch = Batch::pack(tokens, offsets + i, 1);
        const std::vector<float> logits = run(batch, Head::everywhere);
        double sum = 0;
        for (size_t at = 0; at + 1 < batch.tokens.size(); at++) {
            sum += surprise_of(logits.data() + static_cast<ptrdiff_t>(at) * numbers_.vocabulary_size,
                               numbers_.vocabulary_size, batch.tokens[at + 1]);
        }
        sums[i] = static_cast<float>(sum);
    }
    return sums;
}

std::vector<Step> Engine::trace(const std::vector<int32_t> & tokens) {
    const std::vector<int32_t> offsets = {0, static_cast<int32_t>(tokens.size())};
    check_sequences(tokens, offsets, numbers_);
    std::vector<Step> steps;
    run(Batch::pack(tokens.data(), offsets.data(), 1), Head::decision, &steps);
    return steps;
}

std::vector<float> Engine::run(const Batch & batch, Head head, std::vector<Step> * steps) {
    if (cancelled_) throw Error(Code::disposed, "the model was disposed");
    prepare_reference();
    const size_t nodes = reference_graph_nodes(numbers_);
    const ggml_context_ptr context(ggml_init({/*.mem_size =*/ggml_tensor_overhead() * nodes * 2 +
                                                  ggml_graph_overhead_custom(nodes, false),
                                              /*.mem_buffer =*/nullptr, /*.no_alloc =*/true}));
    if (!context) throw Error(Code::out_of_memory, "no memory for the graph");
    const ReferenceGraph built =
        build_reference_graph(context.get(), numbers_, weights_.shared, weights_.blocks, batch, head, steps != nullptr);
    if (!ggml_gallocr_alloc_graph(memory_.get(), built.graph)) {
        throw Error(Code::out_of_memory,
                    "no memory for a batch of " + std::to_string(batch.tokens.size()) + " tokens; use smaller ones");
    }
    fill(built.tokens, batch.tokens.data());
    fill(built.positions, batch.positions.data());
    fill(built.mask, batch.mask.data());
    if (built.last != nullptr) fill(built.last, batch.last.data());

    const ggml_status status = ggml_backend_graph_compute(backend_.get(), built.graph);
    if (status == GGML_STATUS_ABORTED) throw Error(Code::disposed, "the model was disposed");
    if (status != GGML_STATUS_SUCCESS) throw Error(Code::internal, std::string("ggml: ") + ggml_status_to_string(status));
    for (int i = 0; steps != nullptr && i < ggml_graph_n_nodes(built.graph); i++) {
        const ggml_tensor * node = ggml_graph_node(built.graph, i);
        if (node->flags & GGML_TENSOR_FLAG_OUTPUT) steps->push_back({node->name, read(node)});
    }
    return read(built.logits);
}

}  // namespace qrag
