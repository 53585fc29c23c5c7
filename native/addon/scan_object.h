// ScanObject: native/contract.ts's NativeScan. It owns the thread that scans, and keeps JavaScript's arrays alive meanwhile.
#pragma once

#include <atomic>

#include "../scan/scan.h"
#include "threaded.h"

namespace qrag {

class ScanObject : public Napi::ObjectWrap<ScanObject>, public Threaded {
  public:
    static Napi::Function define(Napi::Env env);

    explicit ScanObject(const Napi::CallbackInfo & info);
    ~ScanObject() override { release(); }

  private:
    void cancel() override { stopped_ = true; }
    void ref() override { Ref(); }
    void unref() override;
    void close() override {}

    Napi::Value nearest(const Napi::CallbackInfo & info);
    Napi::Value stop(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);
    Napi::Value kernels(const Napi::CallbackInfo & info);

    const Kernels * kernels_ = nullptr;
    std::atomic<bool> stopped_{false};
    /** An array of the arrays that a running scan reads. The caller's own objects might drop them. */
    Napi::ObjectReference held_;
};

}  // namespace qrag
