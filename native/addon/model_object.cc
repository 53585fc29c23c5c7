// The life of a model seen from JavaScript: fill, seal, score, dispose.
#include "model_object.h"

#include <utility>

#include "../engine/architectures/registry.h"

namespace qrag {

namespace {

/** The architecture's numbers, and those that every model has; what it does not have stays 0. */
Hyperparameters numbers_argument(const Napi::Value & value) {
    const Napi::Object object = object_argument(value, "numbers");
    const auto integer = [&](const char * name) {
        const Napi::Value number = object.Get(name);
        return number.IsUndefined() ? 0 : integer_argument(number, name);
    };
    const auto number = [&](const char * name) {
        const Napi::Value real = object.Get(name);
        return real.IsUndefined() ? 0.0f : static_cast<float>(number_argument(real, name));
    };
    Hyperparameters numbers{};
    numbers.context_length = integer("contextLength");
    numbers.embedding_length = integer("embeddingLength");
    numbers.block_count = integer("blockCount");
    numbers.feed_forward_length = integer("feedForwardLength");
    numbers.head_count = integer("headCount");
    numbers.head_count_kv = integer("headCountKv");
    numbers.key_length = integer("keyLength");
    numbers.rope_dimension_count = integer("ropeDimensionCount");
    numbers.vocabulary_size = integer("vocabularySize");
    numbers.output_count = integer("outputCount");
    numbers.token_type_count = integer("tokenTypeCount");
    numbers.norm_epsilon = number("normEpsilon");
    numbers.rope_freq_base = number("ropeFreqBase");
    return numbers;
}

std::vector<TensorSpec> specs_argument(const Napi::Value & value) {
    const Napi::Array array = array_argument(value, "tensors");
    std::vector<TensorSpec> specs;
    for (uint32_t i = 0; i < array.Length(); i++) {
        const Napi::Object object = object_argument(array.Get(i), "a tensor");
        const Napi::Array shape = array_argument(object.Get("shape"), "a tensor's shape");
        TensorSpec spec{text_argument(object.Get("name"), "a tensor's name"),
                        text_argument(object.Get("type"), "a tensor's type"),
                        {}};
        for (uint32_t d = 0; d < shape.Length(); d++) {
            spec.shape.push_back(integer_argument(shape.Get(d), "a tensor's shape"));
        }
        specs.push_back(std::move(spec));
    }
    return specs;
}

Napi::Float32Array to_javascript(Napi::Env env, const std::vector<float> & values) {
    Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

/** One of the names, as the value that stands beside it. */
template <typename T>
T named_argument(const Napi::Value & value, const char * what, const std::vector<std::pair<const char *, T>> & names) {
    const std::string name = text_argument(value, what);
    std::string known;
    for (const auto & [each, result] : names) {
        if (name == each) return result;
        known += (known.empty() ? "" : ", ") + std::string(each);
    }
    throw Error(Code::input_invalid, std::string(what) + " is \"" + name + "\", expected one of " + known);
}

Mode mode_argument(const Napi::Value & value) {
    return named_argument<Mode>(value, "mode",
                                {{"decision", Mode::decision}, {"argmax", Mode::argmax}, {"surprise", Mode::surprise}, {"embed", Mode::embed}});
}

EarlyExit exit_argument(const Napi::Value & value) {
    const Napi::Object object = object_argument(value, "earlyExit");
    const Napi::Float32Array weight = float32_argument(object.Get("weight"), "earlyExit.weight");
    return {integer_argument(object.Get("blocks"), "earlyExit.blocks"),
            static_cast<float>(number_argument(object.Get("below"), "earlyExit.below")),
            {weight.Data(), weight.Data() + weight.ElementLength()},
            static_cast<float>(number_argument(object.Get("bias"), "earlyExit.bias"))};
}

EngineOptions options_argument(const Napi::Value & value) {
    const Napi::Object object = object_argument(value, "options");
    const int64_t threads = integer_argument(object.Get("threads"), "threads");
    if (threads < 1 || threads > 512) throw Error(Code::input_invalid, "expected 1 to 512 for threads");
    EngineOptions options;
    options.threads = static_cast<int>(threads);
    options.kernels = text_argument(object.Get("kernels"), "kernels");
    options.unpack = boolean_argument(object.Get("unpack"), "unpack");
    if (!object.Get("pooling").IsUndefined()) {
        options.pooling = named_argument<Pooling>(object.Get("pooling"), "pooling",
                                                  {{"mean", Pooling::mean}, {"cls", Pooling::cls}, {"last", Pooling::last}});
    }
    if (!object.Get("earlyExit").IsUndefined()) options.early_exit = exit_argument(object.Get("earlyExit"));
    return options;
}

/** The arguments that say what to compute on: tokens, offsets, and seconds at `at`, which may be absent. */
Sequences sequences_argument(const Napi::CallbackInfo & info, size_t at) {
    Sequences sequences{int32_argument(info[0], "tokens"), int32_argument(info[1], "offsets"), {}};
    if (!info[at].IsUndefined()) sequences.seconds = int32_argument(info[at], "seconds");
    return sequences;
}

}  // namespace

Napi::Function ModelObject::define(Napi::Env env) {
    return DefineClass(env, "Model",
                       {
                           InstanceMethod("write", &ModelObject::write),
                           InstanceMethod("seal", &ModelObject::seal),
                           InstanceMethod("score", &ModelObject::score),
                           InstanceMethod("trace", &ModelObject::trace),
                           InstanceMethod("dispose", &ModelObject::dispose),
                           InstanceAccessor<&ModelObject::kernels>("kernels"),
                       });
}

ModelObject::ModelObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<ModelObject>(info), Threaded("model") {
    const Napi::Env env = info.Env();
    guarded(env, [&] {
        const Architecture & architecture = architecture_named(text_argument(info[0], "architecture"));
        engine_ = std::make_unique<Engine>(architecture, numbers_argument(info[1]), specs_argument(info[2]),
                                           options_argument(info[3]));
        kernels_ = engine_->kernels() == nullptr ? "reference" : engine_->kernels()->name;
        open(env);
    });
}

Engine & ModelObject::engine(bool sealed) const {
    check_usable();
    if (sealed_ != sealed) throw Error(Code::input_invalid, sealed ? "seal the model first" : "the model is sealed");
    return *engine_;
}

Napi::Value ModelObject::write(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        const int64_t index = integer_argument(info[0], "tensor");
        const int64_t offset = integer_argument(info[1], "byteOffset");
        const Napi::Uint8Array bytes = uint8_argument(info[2], "bytes");
        // Negative numbers become huge ones and are refused as such.
        engine(false).weights().write(static_cast<size_t>(index), static_cast<size_t>(offset), bytes.Data(),
                                      bytes.ByteLength());
        return info.Env().Undefined();
    });
}

Napi::Value ModelObject::seal(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        engine(false);
        return start(info.Env(), [this]() -> Answer {
            engine_->seal();
            return [this](Napi::Env env) {
                sealed_ = true;
                return env.Undefined();
            };
        });
    });
}

Napi::Value ModelObject::score(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        engine(true);
        const Mode mode = mode_argument(info[2]);
        return start(info.Env(), [this, sequences = sequences_argument(info, 3), mode]() -> Answer {
            return [values = engine_->score(sequences, mode)](Napi::Env env) { return to_javascript(env, values); };
        });
    });
}

Napi::Value ModelObject::trace(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        engine(true);
        std::vector<int32_t> tokens = int32_argument(info[0], "tokens");
        const auto length = static_cast<int32_t>(tokens.size());
        Sequences sequence{std::move(tokens), {0, length}, {}};
        if (!info[1].IsUndefined()) sequence.seconds = {static_cast<int32_t>(integer_argument(info[1], "second"))};
        return start(info.Env(), [this, sequence = std::move(sequence)]() -> Answer {
            return [steps = engine_->trace(sequence)](Napi::Env env) {
                Napi::Object result = Napi::Object::New(env);
                for (const Step & step : steps) result.Set(step.name, to_javascript(env, step.values));
                return result;
            };
        });
    });
}

Napi::Value ModelObject::kernels(const Napi::CallbackInfo & info) { return Napi::String::New(info.Env(), kernels_); }

Napi::Value ModelObject::dispose(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        end();
        return info.Env().Undefined();
    });
}

}  // namespace qrag
