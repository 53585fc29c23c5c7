// Engine: weights plus the forward passes. It knows no JavaScript and no files; one thread uses it at a time.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "early_exit.h"
#include "fast/graph.h"
#include "ggml-cpp.h"
#include "reference/graph.h"
#include "weights.h"

namespace qrag {

/** What a call computes for each sequence. */
enum class Mode {
    decision,  // the rows of cls.output.weight: output_count numbers
    argmax,    // the vocabulary id with the largest logit at the last token: 1 number
    surprise,  // the sum of -log p(token) over all tokens but the first: 1 number
    embed,     // the pooled state: embedding_length numbers
};

/** One intermediate result, token after token. */
struct Step {
    std::string name;
    std::vector<float> values;
};

struct EngineOptions {
    int threads = 1;
    /** A set's name for the fast graph, "reference" for ggml's operations alone, "" for what is best here. */
    std::string kernels;
    /** The fast graph makes int8 of 4-bit matrices too. */
    bool unpack = false;
    /** How the model's vectors are made; without it, it gives none. */
    std::optional<Pooling> pooling;
    /** Where some decisions fall before the last block; without it, none does. */
    std::optional<EarlyExit> early_exit{};
};

class Engine {
  public:
    Engine(const Architecture & architecture, const Hyperparameters & numbers, const std::vector<TensorSpec> & specs,
           const EngineOptions & options);
    ~Engine();
    Engine(const Engine &) = delete;
    Engine & operator=(const Engine &) = delete;

    const Hyperparameters & numbers() const { return numbers_; }
    Weights & weights() { return weights_; }
    /** The kernels of the fast graph; null for the reference graph. */
    const Kernels * kernels() const { return kernels_; }

    /** Checks the weights and, for the fast graph, packs them. */
    void seal();

    /** Throws input_invalid for a mode that the model cannot serve, and disposed once cancel() was called. */
    std::vector<float> score(const Sequences & sequences, Mode mode);

    /** The named steps of the forward pass over one sequence, in order: for comparing implementations layer by layer. */
    std::vector<Step> trace(const Sequences & sequence);

    /** From any thread: what runs stops after its current operation, and nothing runs any more. */
    void cancel() { cancelled_ = true; }

  private:
    /** What the model is for: its vectors, or its rows. */
    Head usual_head() const { return options_.pooling ? Head::vector : Head::output; }
    void check_mode(Mode mode) const;
    /** The reference graph's threads and memory, taken when it is first needed. */
    void prepare_reference();
    /** What the head gives: one row per sequence, or per token for Head::everywhere. */
    std::vector<float> run(const Sequences & sequences, Head head);
    /** The same, and the steps that are kept. */
    std::vector<float> run(const Sequences & sequences, Head head, const KeptSteps & kept, std::vector<Step> & steps);
    /** Computes every block, then replaces the rows of the sequences that would have left at the exit. */
    std::vector<float> run_with_exit(const Sequences & sequences);
    std::vector<float> surprise(const Sequences & sequences);

    const Architecture & architecture_;
    const Hyperparameters numbers_;
    const EngineOptions options_;
    const Kernels * const kernels_;
    Weights weights_;
    std::atomic<bool> cancelled_{false};
    std::unique_ptr<FastGraph> fast_;
    ggml_backend_ptr backend_;
    struct ggml_threadpool * pool_ = nullptr;
    ggml_gallocr_ptr memory_;
};

}  // namespace qrag
