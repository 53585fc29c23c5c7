// ModelObject: native/binding.ts's NativeModel. It owns an engine and the thread that runs it.
#pragma once

#include <functional>
#include <memory>

#include "../engine/engine.h"
#include "threaded_object.h"

namespace qrag {

class ModelObject : public ThreadedObject<ModelObject> {
  public:
    static constexpr const char * noun = "model";
    static Napi::Function define(Napi::Env env);

    explicit ModelObject(const Napi::CallbackInfo & info);
    ~ModelObject() override { release(); }

  private:
    friend ThreadedObject<ModelObject>;
    void cancel() override { engine_->cancel(); }
    void close() override { engine_.reset(); }

    Napi::Value write(const Napi::CallbackInfo & info);
    Napi::Value seal(const Napi::CallbackInfo & info);
    Napi::Value score(const Napi::CallbackInfo & info);
    Napi::Value trace(const Napi::CallbackInfo & info);
    Napi::Value kernels(const Napi::CallbackInfo & info);

    /** The engine, for a call before or after seal(). */
    Engine & engine(bool sealed) const;

    std::string kernels_;
    std::unique_ptr<Engine> engine_;
    bool sealed_ = false;
};

}  // namespace qrag
