// The life of a tokenizer seen from JavaScript: describe, encode in three ways, dispose.
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
    description.model = numbers("model");
    description.merges = numbers("merges");
    description.byte_tokens = numbers("byteTokens");
    description.added = numbers("added");
    description.normalizer = numbers("normalizer");
    description.cuts = numbers("cuts");
    description.before = numbers("before");
    description.after = numbers("after");
    description.pair = numbers("pair");
    description.pair_before = numbers("pairBefore");
    description.pair_between = numbers("pairBetween");
    description.pair_after = numbers("pairAfter");
    description.classes = numbers("classes");
    description.bert_classes = numbers("bertClasses");
    description.combining = numbers("combining");
    description.decompositions = numbers("decompositions");
    description.compatible = numbers("compatible");
    description.compositions = numbers("compositions");
    description.lowercase = numbers("lowercase");
    return description;
}

/** As UTF-16: copying is all that JavaScript's thread has to do. */
std::u16string text_of(const Napi::Value & value, const char * name) {
    if (!value.IsString()) throw Error(Code::input_invalid, std::string("expected a string for ") + name);
    return value.As<Napi::String>().Utf16Value();
}

std::vector<std::u16string> texts_argument(const Napi::Value & value) {
    const Napi::Array array = array_argument(value, "texts");
    std::vector<std::u16string> texts;
    for (uint32_t i = 0; i < array.Length(); i++) {
        texts.push_back(text_of(array.Get(i), "each of texts"));
    }
    return texts;
}

Napi::Int32Array to_javascript(Napi::Env env, const Integers & numbers) {
    Napi::Int32Array array = Napi::Int32Array::New(env, numbers.size());
    std::copy(numbers.begin(), numbers.end(), array.Data());
    return array;
}

/** The ids of several texts, end to end. */
struct Encoded {
    Integers tokens, offsets{0}, seconds;

    void end_text() {
        if (tokens.size() > INT32_MAX) throw Error(Code::input_invalid, "too many tokens for one call");
        offsets.push_back(static_cast<int32_t>(tokens.size()));
    }

    Answer answer() && {
        return [encoded = std::move(*this)](Napi::Env env) {
            Napi::Object result = Napi::Object::New(env);
            result.Set("tokens", to_javascript(env, encoded.tokens));
            result.Set("offsets", to_javascript(env, encoded.offsets));
            result.Set("seconds", to_javascript(env, encoded.seconds));
            return result;
        };
    }
};

}  // namespace

Napi::Function TokenizerObject::define(Napi::Env env) {
    return DefineClass(env, "Tokenizer",
                       {
                           InstanceMethod("encode", &TokenizerObject::encode),
                           InstanceMethod("encodeAfter", &TokenizerObject::encode_after),
                           InstanceMethod("encodePairs", &TokenizerObject::encode_pairs),
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

void TokenizerObject::check_running() const {
    if (cancelled_) throw Error(Code::disposed, "the tokenizer was disposed");
}

Napi::Value TokenizerObject::encode(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        check_usable();
        return start(info.Env(), [this, texts = texts_argument(info[0])]() -> Answer {
            Encoded encoded;
            for (const std::u16string & text : texts) {
                check_running();
                tokenizer_->encode(to_utf8(text), encoded.tokens);
                encoded.end_text();
            }
            return std::move(encoded).answer();
        });
    });
}

Napi::Value TokenizerObject::encode_after(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        check_usable();
        auto work = [this, head = text_of(info[0], "head"), tails = texts_argument(info[1])]() -> Answer {
            // The head may end with half a surrogate pair, and a tail begin with the other.
            const bool half = !head.empty() && head.back() >= 0xD800 && head.back() < 0xDC00;
            const std::string whole = to_utf8(std::u16string_view(head).substr(0, head.size() - (half ? 1 : 0)));
            const Tokenizer::Head settled = tokenizer_->begin(whole);
            const std::string open = whole.substr(settled.size);
            Encoded encoded;
            for (const std::u16string & tail : tails) {
                check_running();
                const std::string rest = open + to_utf8(half ? head.back() + tail : tail);
                tokenizer_->encode_after(settled, rest, encoded.tokens);
                encoded.end_text();
            }
            return std::move(encoded).answer();
        };
        return start(info.Env(), std::move(work));
    });
}

Napi::Value TokenizerObject::encode_pairs(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        check_usable();
        if (!tokenizer_->frames_pairs()) {
            throw Error(Code::tokenizer_unsupported,
                        "tokenizer.json: post_processor has no template for a pair of texts with the first before the "
                        "second, and token types 0 and then 1");
        }
        auto work = [this, first = text_of(info[0], "first"), seconds = texts_argument(info[1])]() -> Answer {
            Integers ids;
            tokenizer_->encode_bare(to_utf8(first), ids);
            Encoded encoded;
            for (const std::u16string & second : seconds) {
                check_running();
                const size_t types = tokenizer_->encode_pair(ids, to_utf8(second), encoded.tokens);
                encoded.end_text();
                encoded.seconds.push_back(static_cast<int32_t>(types));
            }
            return std::move(encoded).answer();
        };
        return start(info.Env(), std::move(work));
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
