// ModelObject: native/binding.ts's NativeModel. It owns an engine and the thread that runs it.
#pragma once

#include <functional>
#include <memory>

#include "../engine/engine.h"
#include "../engine/worker.h"
#include "border.h"

namespace qrag {

/** What a job leaves for JavaScript: called on its thread, it makes the value that the promise resolves to. */
using Answer = std::function<Napi::Value(Napi::Env)>;

struct Job;

/**
 * All members are used on JavaScript's thread only, except the engine while a job runs. The end of a model comes in
 * one of three ways, all of them through release(): dispose(), the garbage collector, or the end of the environment
 * (a worker or the process ends), where a thread still running would touch unloaded memory.
 */
class ModelObject : public Napi::ObjectWrap<ModelObject> {
  public:
    static Napi::Function define(Napi::Env env);

    explicit ModelObject(const Napi::CallbackInfo & info);
    ~ModelObject() override;

  private:
    static void on_environment_end(void * model);
    static void on_job_done(Napi::Env env, Napi::Function, ModelObject * model, Job * job);
    using Channel = Napi::TypedThreadSafeFunction<ModelObject, Job, &ModelObject::on_job_done>;

    Napi::Value write(const Napi::CallbackInfo & info);
    Napi::Value seal(const Napi::CallbackInfo & info);
    Napi::Value score(const Napi::CallbackInfo & info);
    Napi::Value trace(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);
    Napi::Value kernels(const Napi::CallbackInfo & info);

    /** Runs `work` on the worker and promises its answer. Refused while another job runs. */
    Napi::Value start(Napi::Env env, std::function<Answer(Engine &)> work);
    Engine & engine(bool sealed) const;
    void release();

    std::string kernels_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Worker> worker_;
    Channel channel_;
    bool busy_ = false;
    bool sealed_ = false;
    bool disposed_ = false;
    bool released_ = false;
};

}  // namespace qrag
