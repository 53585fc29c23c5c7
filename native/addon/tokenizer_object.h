// TokenizerObject: native/contract.ts's NativeTokenizer. It owns a tokenizer and the thread that runs it.
#pragma once

#include <atomic>

#include "../tokenizer/tokenizer.h"
#include "threaded.h"

namespace qrag {

class TokenizerObject : public Napi::ObjectWrap<TokenizerObject>, public Threaded {
  public:
    static Napi::Function define(Napi::Env env);

    explicit TokenizerObject(const Napi::CallbackInfo & info);
    ~TokenizerObject() override { release(); }

  private:
    void cancel() override { cancelled_ = true; }
    void ref() override { Ref(); }
    void unref() override { Unref(); }
    void close() override { tokenizer_.reset(); }

    /** Between two texts: ends a running call after dispose(). */
    void check_running() const;

    Napi::Value encode(const Napi::CallbackInfo & info);
    Napi::Value encode_after(const Napi::CallbackInfo & info);
    Napi::Value encode_pairs(const Napi::CallbackInfo & info);
    Napi::Value token(const Napi::CallbackInfo & info);
    Napi::Value dispose(const Napi::CallbackInfo & info);

    std::unique_ptr<Tokenizer> tokenizer_;
    std::atomic<bool> cancelled_{false};
};

}  // namespace qrag
