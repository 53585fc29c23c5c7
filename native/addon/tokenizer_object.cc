// The life of a tokenizer seen from JavaScript: describe, encode, dispose.
#include "tokenizer_object.h"

#include <algorithm>

namespace qrag {

namespace {

TokenizerDescription description_argument(const Napi::Value & value) {
    const Napi::Object object = object_argument(value, "description");
    const auto numbers = [&](const char * name) { return int32_argument(object.Get(name), name); };
    const Napi::Uint8Array texts = uint8_argument(object.Get("texts"), "texts");
    TokenizerDescription description;
    if (texts.ByteLength() > 0) description.texts.assign(texts.Data(), texts.Data() + texts.ByteLength());
    description.ends = numbers("ends");
    description.ids = numbers("ids");
    description.merges = numbers("merges");
    description.model = numbers("model");
    description.byte_tokens = numbers("byteTokens");
    description.added = numbers("added");
    description.normalizer = numbers("normalizer");
    description.cuts = numbers("cuts");
    description.before = numbers("before");
    description.after = numbers("after");
    description.classes = numbers("classes");
    description.combining = numbers("combining");
    description.decompositions = numbers("decompositions");
    description.compositions = numbers("compositions");
    description.lowercase = numbers("lowercase");
    return description;
}

/** As UTF-16: copying is all that JavaScript's thread has to do. */
std::vector<std::u16string> texts_argument(const Napi::Value & value) {
    const Napi::Array array = array_argument(value, "texts");
    std::vector<std::u16string> texts;
    for (uint32_t i = 0; i < array.Length(); i++) {
        const Napi::Value text = array.Get(i);
        if (!text.IsString()) throw Error(Code::input_invalid, "expected a string for each of texts");
        texts.push_back(text.As<Napi::String>().Utf16Value());
    }
    return texts;
}

Napi::Int32Array to_javascript(Napi::Env env, const Integers & numbers) {
    Napi::Int32Array array = Napi::Int32Array::New(env, numbers.size());
    std::copy(numbers.begin(), numbers.end(), array.Data());
    return array;
}

}  // namespace

Napi::Function TokenizerObject::define(Napi::Env env) {
    return DefineClass(env, "Tokenizer",
                       {
                           InstanceMethod("encode", &TokenizerObject::encode),
                           InstanceMethod("token", &TokenizerObject::token),
                           InstanceMethod("dispose", &TokenizerObject::dispose),
                       });
}

TokenizerObject::TokenizerObject(const Napi::CallbackInfo & info)
    : Napi::ObjectWrap<TokenizerObject>(info), Threaded("tokenizer") {
    guarded(info.Env(), [&] {
        tokenizer_ = std::make_unique<Tokenizer>(description_argument(info[0]));
        open(info.Env());
    });
}

Napi::Value TokenizerObject::encode(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        check_usable();
        return start(info.Env(), [this, texts = texts_argument(info[0])]() -> Answer {
            Integers tokens, offsets{0};
            for (const std::u16string & text : texts) {
                if (cancelled_) throw Error(Code::disposed, "the tokenizer was disposed");
                tokenizer_->encode(to_utf8(text), tokens);
                if (tokens.size() > INT32_MAX) throw Error(Code::input_invalid, "too many tokens for one call");
                offsets.push_back(static_cast<int32_t>(tokens.size()));
            }
            return [tokens = std::move(tokens), offsets = std::move(offsets)](Napi::Env env) {
                Napi::Object result = Napi::Object::New(env);
                result.Set("tokens", to_javascript(env, tokens));
                result.Set("offsets", to_javascript(env, offsets));
                return result;
            };
        });
    });
}

Napi::Value TokenizerObject::token(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const int64_t id = integer_argument(info[0], "id");
        check_usable();
        const auto text = id < 0 || id >= id_limit ? std::nullopt : tokenizer_->token(static_cast<int32_t>(id));
        if (!text) return info.Env().Undefined();
        return Napi::String::New(info.Env(), text->data(), text->size());
    });
}

Napi::Value TokenizerObject::dispose(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        end();
        return info.Env().Undefined();
    });
}

}  // namespace qrag
