// The life of a model seen from JavaScript: fill, seal, score, dispose.
#include "model_object.h"

#include <utility>

namespace qrag {

namespace {

Hyperparameters numbers_argument(const Napi::Value & value) {
    const Napi::Object object = object_argument(value, "numbers");
    const auto integer = [&](const char * name) { return integer_argument(object.Get(name), name); };
    const auto number = [&](const char * name) { return static_cast<float>(number_argument(object.Get(name), name)); };
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
    numbers.decision_count = integer("decisionCount");
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

Mode mode_argument(const Napi::Value & value) {
    const int64_t mode = integer_argument(value, "mode");
    if (mode < 0 || mode > static_cast<int64_t>(Mode::surprise)) throw Error(Code::input_invalid, "unknown mode");
    return static_cast<Mode>(mode);
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
        const Hyperparameters numbers = numbers_argument(info[0]);
        const std::vector<TensorSpec> specs = specs_argument(info[1]);
        const int64_t threads = integer_argument(info[2], "threads");
        if (threads < 1 || threads > 512) throw Error(Code::input_invalid, "expected 1 to 512 for threads");
        const std::string kernels = text_argument(info[3], "kernels");
        const bool unpack = boolean_argument(info[4], "unpack");
        engine_ = std::make_unique<Engine>(numbers, specs, static_cast<int>(threads), kernels, unpack);
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
        std::vector<int32_t> tokens = int32_argument(info[0], "tokens");
        std::vector<int32_t> offsets = int32_argument(info[1], "offsets");
        const Mode mode = mode_argument(info[2]);
        return start(info.Env(), [this, tokens = std::move(tokens), offsets = std::move(offsets), mode]() -> Answer {
            return [values = engine_->score(tokens, offsets, mode)](Napi::Env env) { return to_javascript(env, values); };
        });
    });
}

Napi::Value ModelObject::trace(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        engine(true);
        std::vector<int32_t> tokens = int32_argument(info[0], "tokens");
        return start(info.Env(), [this, tokens = std::move(tokens)]() -> Answer {
            return [steps = engine_->trace(tokens)](Napi::Env env) {
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
