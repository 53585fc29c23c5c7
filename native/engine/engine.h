// Engine: weights plus the forward passes. It knows no JavaScript and no files; one thread uses it at a time.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "fast/graph.h"
#include "ggml-cpp.h"
#include "hyperparameters.h"
#include "reference/graph.h"
#include "weights.h"

namespace qrag {

/** What a call computes for each sequence; the numbers are native/contract.ts's scoreMode. */
enum class Mode { decision = 0, argmax = 1, surprise = 2 };

/** One intermediate result, token after token. */
struct Step {
    std::string name;
    std::vector<float> values;
};

class Engine {
  public:
    /** `kernels`: a set's name for the fast graph, "reference" for ggml's operations alone, "" for what is best here. */
    /** `unpack`: the fast graph makes int8 of 4-bit matrices too. */
    Engine(const Hyperparameters & numbers, const std::vector<TensorSpec> & specs, int threads, const std::string & kernels,
           bool unpack = false);
    ~Engine();
    Engine(const Engine &) = delete;
    Engine & operator=(const Engine &) = delete;

    const Hyperparameters & numbers() const { return numbers_; }
    Weights & weights() { return weights_; }
    /** The kernels that compute decisions; null for the reference graph. */
    const Kernels * kernels() const { return kernels_; }

    /** Checks the weights and, for the fast graph, packs them. */
    void seal();

    /**
     * decision: decision_count logits a sequence; argmax: one vocabulary id a sequence; surprise: one sum of
     * -log p(token) a sequence. Throws disposed once cancel() was called.
     */
    std::vector<float> score(const std::vector<int32_t> & tokens, const std::vector<int32_t> & offsets, Mode mode);

    /** The named steps of the forward pass over one sequence, in order: for comparing implementations layer by layer. */
    std::vector<Step> trace(const std::vector<int32_t> & tokens);

    /** From any thread: what runs stops after its current operation, and nothing runs any more. */
    void cancel() { cancelled_ = true; }

  private:
    /** The reference graph's threads and memory, taken when it is first needed. */
    void prepare_reference();
    /** The logits of the batch: one row per sequence, or per token for Head::everywhere. Adds the steps if asked to. */
    std::vector<float> run(const Batch & batch, Head head, std::vector<Step> * steps = nullptr);
    std::vector<float> surprise(const int32_t * tokens, const int32_t * offsets, size_t count);

    const Hyperparameters numbers_;
    const int threads_;
    const Kernels * const kernels_;
    const bool unpack_;
    Weights weights_;
    std::atomic<bool> cancelled_{false};
    std::unique_ptr<FastGraph> fast_;
    ggml_backend_ptr backend_;
    struct ggml_threadpool * pool_ = nullptr;
    ggml_gallocr_ptr memory_;
};

}  // namespace qrag
