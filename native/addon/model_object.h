// ModelObject: native/contract.ts's NativeModel. It owns an engine and the thread that runs it.
#pragma once

#include <functional>
#include <memory>

#include "../engine/engine.h"
#include "threaded.h"

namespace qrag {

class ModelObject : public Napi::ObjectWrap<ModelObject>, public Threaded {
  public:
    static Napi::Function define(Napi::Env env);

    explicit ModelObject(const Napi::CallbackInfo & info);
    ~ModelObject() override { release(); }

  private:
    void cancel() override { engine_->cancel(); }
    void ref() override { Ref(); }
    void unref() override { Unref(); }
    void close() override { engine_.reset(); }

    Napi::Value write(const Napi::CallbackInfo & info);
    Napi::Value seal(const Napi::CallbackInfo & info);
    Napi::Value score(const Napi::CallbackInfo & info);
    Napi::Value trace(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);
    Napi::Value kernels(const Napi::CallbackInfo & info);

    /** The engine, for a call before or after seal(). */
    Engine & engine(bool sealed) const;

    std::string kernels_;
    std::unique_ptr<Engine> engine_;
    bool sealed_ = false;
};

}  // namespace qrag
