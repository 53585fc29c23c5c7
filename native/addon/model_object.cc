// The life of a model seen from JavaScript: fill, seal, score, dispose.
#include "model_object.h"

#include <optional>
#include <utility>

namespace qrag {

struct Job {
    Napi::Promise::Deferred deferred;
    Answer answer;
    std::optional<Error> error;
};

namespace {

Numbers numbers_argument(const Napi::Value & value) {
    const Napi::Object object = object_argument(value, "numbers");
    const auto integer = [&](const char * name) { return integer_argument(object.Get(name), name); };
    const auto number = [&](const char * name) { return static_cast<float>(number_argument(object.Get(name), name)); };
    Numbers numbers{};
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

std::vector<int32_t> copy(const Napi::Int32Array & array) {
    return array.ElementLength() == 0 ? std::vector<int32_t>()
                                      : std::vector<int32_t>(array.Data(), array.Data() + array.ElementLength());
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

ModelObject::ModelObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<ModelObject>(info) {
    const Napi::Env env = info.Env();
    guarded(env, [&] {
        const Numbers numbers = numbers_argument(info[0]);
        const std::vector<TensorSpec> specs = specs_argument(info[1]);
        const int64_t threads = integer_argument(info[2], "threads");
        if (threads < 1 || threads > 512) throw Error(Code::input_invalid, "expected 1 to 512 for threads");
        const std::string kernels = text_argument(info[3], "kernels");
        const bool unpack = boolean_argument(info[4], "unpack");
        engine_ = std::make_unique<Engine>(numbers, specs, static_cast<int>(threads), kernels, unpack);
        kernels_ = engine_->kernels() == nullptr ? "reference" : engine_->kernels()->name;
        worker_ = std::make_unique<Worker>();
        channel_ = Channel::New(env, "qrag model", /*maxQueueSize=*/0, /*initialThreadCount=*/1, this);
    });
    // An idle model must not keep the process alive; a running job does (see start).
    channel_.Unref(env);
    // Registered after the channel's own hook, so it runs before it: hooks run in reverse order.
    napi_add_env_cleanup_hook(env, &ModelObject::on_environment_end, this);
}

ModelObject::~ModelObject() { release(); }

void ModelObject::on_environment_end(void * model) { static_cast<ModelObject *>(model)->release(); }

void ModelObject::release() {
    if (std::exchange(released_, true) || !worker_) return;
    disposed_ = true;
    engine_->cancel();
    worker_->stop();
    engine_.reset();
    if (channel_ == nullptr) return;
    channel_.Release();
    napi_remove_env_cleanup_hook(Env(), &ModelObject::on_environment_end, this);
}

Engine & ModelObject::engine(bool sealed) const {
    if (disposed_) throw Error(Code::disposed, "the model was disposed");
    if (busy_) throw Error(Code::input_invalid, "the model is busy: one call at a time");
    if (sealed_ != sealed) throw Error(Code::input_invalid, sealed ? "seal the model first" : "the model is sealed");
    return *engine_;
}

Napi::Value ModelObject::start(Napi::Env env, std::function<Answer(Engine &)> work) {
    auto job = std::make_unique<Job>(Job{Napi::Promise::Deferred::New(env), nullptr, std::nullopt});
    const Napi::Promise promise = job->deferred.Promise();
    busy_ = true;
    Ref();               // this object outlives the job
    channel_.Ref(env);   // and so does the process
    worker_->start([this, work = std::move(work), job = job.release()] {
        try {
            job->answer = work(*engine_);
        } catch (const Error & error) {
            job->error = error;
        } catch (const std::bad_alloc &) {
            job->error = Error(Code::out_of_memory, "out of memory");
        } catch (const std::exception & error) {
            job->error = Error(Code::internal, error.what());
        } catch (...) {
            job->error = Error(Code::internal, "an unknown native failure");
        }
        if (channel_.NonBlockingCall(job) != napi_ok) delete job;
    });
    return promise;
}

void ModelObject::on_job_done(Napi::Env env, Napi::Function, ModelObject * model, Job * raw) {
    const std::unique_ptr<Job> job(raw);
    if (static_cast<napi_env>(env) == nullptr) return;  // the environment is going away: there is nobody to tell
    model->busy_ = false;
    model->channel_.Unref(env);
    if (model->disposed_) {
        model->release();
        job->error = Error(Code::disposed, "the model was disposed");
    }
    model->Unref();
    try {
        if (job->error) throw qrag::to_javascript(env, *job->error);
        job->deferred.Resolve(job->answer(env));
    } catch (const Napi::Error & error) {
        job->deferred.Reject(error.Value());
    }
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
        return start(info.Env(), [this](Engine & engine) -> Answer {
            engine.seal();
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
        std::vector<int32_t> tokens = copy(int32_argument(info[0], "tokens"));
        std::vector<int32_t> offsets = copy(int32_argument(info[1], "offsets"));
        const Mode mode = mode_argument(info[2]);
        return start(info.Env(), [tokens = std::move(tokens), offsets = std::move(offsets), mode](Engine & engine) -> Answer {
            return [values = engine.score(tokens, offsets, mode)](Napi::Env env) { return to_javascript(env, values); };
        });
    });
}

Napi::Value ModelObject::trace(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        engine(true);
        std::vector<int32_t> tokens = copy(int32_argument(info[0], "tokens"));
        return start(info.Env(), [tokens = std::move(tokens)](Engine & engine) -> Answer {
            return [steps = engine.trace(tokens)](Napi::Env env) {
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
        disposed_ = true;
        if (busy_) {
            engine_->cancel();  // the running job ends soon and then releases
        } else {
            release();
        }
        return info.Env().Undefined();
    });
}

}  // namespace qrag
