// Which graph answers what: decisions and vectors the fast one where there is one, everything else the reference.
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

Engine::Engine(const Architecture & architecture, const Hyperparameters & numbers,
               const std::vector<TensorSpec> & specs, const EngineOptions & options)
    : architecture_(architecture),
      numbers_(numbers),
      options_(options),
      kernels_(kernels_argument(options.kernels)),
      weights_(architecture, numbers, specs) {
    if (options.threads < 1 || options.threads > GGML_MAX_N_THREADS) {
        throw Error(Code::input_invalid, "threads is " + std::to_string(options.threads) + ", expected 1 to " +
                                             std::to_string(GGML_MAX_N_THREADS));
    }
    if (!options.pooling && numbers.output_count == 0) {
        throw Error(Code::model_invalid, "the model has neither a head nor a way to pool its states");
    }
    if (options.early_exit) {
        check_rule(!options.pooling, "an early exit belongs to a classifier");
        options.early_exit->check(architecture.recipe, numbers);
    }
}

Engine::~Engine() {
    backend_.reset();
    if (pool_ != nullptr) ggml_threadpool_free(pool_);
}

void Engine::seal() {
    weights_.check();
    if (kernels_ == nullptr) return;
    const Packing packing{*kernels_, options_.unpack, static_cast<size_t>(options_.threads),
                          [this](size_t block) { weights_.release_block(block); }};
    fast_ = std::make_unique<FastGraph>(architecture_.recipe, numbers_, weights_, options_.pooling, options_.early_exit, packing,
                                        [this] { return cancelled_.load(); });
    return_freed_memory();
}

void Engine::prepare_reference() {
    if (weights_.blocks_released()) {
        throw Error(Code::input_invalid, "the fast engine computes no such thing; load the model with the reference kernels");
    }
    if (backend_) return;
    backend_.reset(ggml_backend_cpu_init());
    ggml_threadpool_params params = ggml_threadpool_params_default(options_.threads);
    params.poll = 0;  // between batches the threads sleep: a desktop application is idle most of the time
    pool_ = ggml_threadpool_new(&params);
    memory_.reset(ggml_gallocr_new(ggml_backend_cpu_buffer_type()));
    if (!backend_ || pool_ == nullptr || !memory_) throw Error(Code::out_of_memory, "no memory to compute with");
    ggml_backend_cpu_set_n_threads(backend_.get(), options_.threads);
    ggml_backend_cpu_set_threadpool(backend_.get(), pool_);
    ggml_backend_cpu_set_abort_callback(
        backend_.get(), [](void * engine) { return static_cast<Engine *>(engine)->cancelled_.load(); }, this);
}

void Engine::check_mode(Mode mode) const {
    if (mode == Mode::embed && !options_.pooling) throw Error(Code::input_invalid, "the model gives no vectors");
    if (mode == Mode::decision && options_.pooling) throw Error(Code::input_invalid, "the model gives vectors, not decisions");
    const bool speaks = architecture_.recipe.sight == Sight::before;
    if ((mode == Mode::argmax || mode == Mode::surprise) && !speaks) {
        throw Error(Code::input_invalid, "the model does not predict tokens");
    }
}

std::vector<float> Engine::score(const Sequences & sequences, Mode mode) {
    sequences.check(numbers_);
    check_mode(mode);
    if (mode == Mode::surprise) return surprise(sequences);
    if (mode != Mode::argmax) {
        if (!fast_) return options_.early_exit ? run_with_exit(sequences) : run(sequences, usual_head());
        if (cancelled_) throw Error(Code::disposed, "the model was disposed");
        return fast_->compute(sequences);
    }
    const std::vector<float> logits = run(sequences, Head::vocabulary);
    std::vector<float> best(sequences.count());
    for (size_t i = 0; i < best.size(); i++) {
        const auto row = logits.begin() + static_cast<ptrdiff_t>(i) * numbers_.vocabulary_size;
        best[i] = static_cast<float>(std::max_element(row, row + numbers_.vocabulary_size) - row);
    }
    return best;
}

std::vector<float> Engine::surprise(const Sequences & sequences) {
    std::vector<float> sums(sequences.count());
    for (size_t i = 0; i < sums.size(); i++) {
        const size_t length = sequences.length(i);
        const int32_t * tokens = sequences.at(i);
        const Sequences one{{tokens, tokens + length}, {0, static_cast<int32_t>(length)}, {}};
        const std::vector<float> logits = run(one, Head::everywhere);
        double sum = 0;
        for (size_t at = 0; at + 1 < length; at++) {
            sum += surprise_of(logits.data() + static_cast<ptrdiff_t>(at) * numbers_.vocabulary_size,
                               numbers_.vocabulary_size, tokens[at + 1]);
        }
        sums[i] = static_cast<float>(sum);
    }
    return sums;
}

std::vector<Step> Engine::trace(const Sequences & sequence) {
    sequence.check(numbers_);
    std::vector<Step> steps;
    run(sequence, usual_head(), {/*.all =*/true, ""}, steps);
    return steps;
}

std::vector<float> Engine::run_with_exit(const Sequences & sequences) {
    const EarlyExit & exit = *options_.early_exit;
    const std::string name = last_step_of(exit.blocks - 1);
    std::vector<Step> steps;
    std::vector<float> values = run(sequences, Head::output, {/*.all =*/false, name}, steps);
    const auto step = std::find_if(steps.begin(), steps.end(), [&](const Step & each) { return each.name == name; });
    if (step == steps.end()) throw Error(Code::internal, "the graph has no step " + name);
    const auto rows = static_cast<size_t>(numbers_.output_count), width = static_cast<size_t>(numbers_.embedding_length);
    for (size_t i = 0; i < sequences.count(); i++) {
        // Nothing is shared: sequences lie end to end.
        const float margin = exit.margin(step->values.data() + static_cast<size_t>(sequences.offsets[i]) * width);
        if (margin < exit.below) EarlyExit::write(margin, values.data() + i * rows, rows);
    }
    return values;
}

std::vector<float> Engine::run(const Sequences & sequences, Head head) {
    std::vector<Step> none;
    return run(sequences, head, {}, none);
}

std::vector<float> Engine::run(const Sequences & sequences, Head head, const KeptSteps & kept, std::vector<Step> & steps) {
    if (cancelled_) throw Error(Code::disposed, "the model was disposed");
    prepare_reference();
    const Sight sight = architecture_.recipe.sight;
    const Pooling pooling = options_.pooling.value_or(sight == Sight::before ? Pooling::last : Pooling::cls);
    const Batch batch = Batch::pack(sequences, sight);
    const size_t nodes = reference_graph_nodes(numbers_);
    const ggml_context_ptr context(ggml_init({/*.mem_size =*/ggml_tensor_overhead() * nodes * 2 +
                                                  ggml_graph_overhead_custom(nodes, false),
                                              /*.mem_buffer =*/nullptr, /*.no_alloc =*/true}));
    if (!context) throw Error(Code::out_of_memory, "no memory for the graph");
    const ReferenceGraph built =
        build_reference_graph(context.get(), architecture_, numbers_, weights_.globals, weights_.blocks, batch, head,
                              pooling, kept);
    // A plan that was made for as large a graph may have put one kept step in another's place: ggml compares sizes only.
    const bool planned = !kept.any() || ggml_gallocr_reserve(memory_.get(), built.graph);
    if (!planned || !ggml_gallocr_alloc_graph(memory_.get(), built.graph)) {
        throw Error(Code::out_of_memory,
                    "no memory for a batch of " + std::to_string(batch.tokens.size()) + " tokens; use smaller ones");
    }
    fill_inputs(built, batch, head == Head::vector ? pooling == Pooling::last : sight == Sight::before);

    const ggml_status status = ggml_backend_graph_compute(backend_.get(), built.graph);
    if (status == GGML_STATUS_ABORTED) throw Error(Code::disposed, "the model was disposed");
    if (status != GGML_STATUS_SUCCESS) throw Error(Code::internal, std::string("ggml: ") + ggml_status_to_string(status));
    for (int i = 0; kept.any() && i < ggml_graph_n_nodes(built.graph); i++) {
        const ggml_tensor * node = ggml_graph_node(built.graph, i);
        if (node->flags & GGML_TENSOR_FLAG_OUTPUT) steps.push_back({node->name, read(node)});
    }
    return read(built.result);
}

}  // namespace qrag
