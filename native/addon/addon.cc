// The addon's exports: native/contract.ts's NativeAddon.
#include "../engine/tensor_table.h"
#include "../engine/types.h"
#include "../kernels/dispatch.h"
#include "border.h"
#include "cpu_floor.h"
#include "ggml-cpu.h"
#include "model_object.h"
#include "rows.h"
#include "tokenizer_object.h"

#ifndef QRAG_VERSION
#error "the build defines QRAG_VERSION"
#endif

namespace qrag {

namespace {

/** The instruction set that ggml's kernels were compiled for. */
const char * instruction_set() {
    if (ggml_cpu_has_avx2()) return "avx2";
    if (ggml_cpu_has_neon()) return "neon";
    return ggml_cpu_has_ssse3() ? "sse4.2" : "portable";
}

Napi::Value version(const Napi::CallbackInfo & info) {
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("qrag", QRAG_VERSION);
    result.Set("ggml", ggml_version());
    result.Set("instructionSet", instruction_set());
    return result;
}

/** The kernel sets this machine runs, the best first. */
Napi::Value kernels(const Napi::CallbackInfo & info) {
    Napi::Array names = Napi::Array::New(info.Env());
    for (const Kernels * each : usable_kernels()) names.Set(names.Length(), each->name);
    return names;
}

Napi::Value tensors(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    Napi::Array rows = Napi::Array::New(env);
    for (const TensorRow & row : tensor_table()) {
        Napi::Object object = Napi::Object::New(env);
        Napi::Array shape = Napi::Array::New(env), types = Napi::Array::New(env);
        for (const Size size : row.shape) shape.Set(shape.Length(), name_of(size));
        for (const WeightType & type : weight_types()) {
            if (row.matrix || type.type == GGML_TYPE_F32) types.Set(types.Length(), type.name);
        }
        object.Set("name", row.name);
        object.Set("shape", shape);
        object.Set("types", types);
        object.Set("required", row.required);
        rows.Set(rows.Length(), object);
    }
    return rows;
}

Napi::Value use_error_class(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        if (!info[0].IsFunction()) throw Error(Code::input_invalid, "expected a class");
        info.Env().GetInstanceData<Environment>()->error_class = Napi::Persistent(info[0].As<Napi::Function>());
        return info.Env().Undefined();
    });
}

}  // namespace

Napi::Object init(Napi::Env env, Napi::Object exports) {
    if (const char * missing = missing_cpu_feature()) {
        throw Napi::Error::New(env, std::string("this processor lacks ") + missing +
                                        "; use the baseline build (npm run build:native -- --baseline)");
    }
    // The library never prints: what matters of ggml's messages comes back as a status.
    ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    env.SetInstanceData(new Environment());
    exports.Set("Model", ModelObject::define(env));
    exports.Set("Tokenizer", TokenizerObject::define(env));
    exports.Set("version", Napi::Function::New(env, version, "version"));
    exports.Set("kernels", Napi::Function::New(env, kernels, "kernels"));
    exports.Set("tensorTable", Napi::Function::New(env, tensors, "tensorTable"));
    exports.Set("quantizeRows", Napi::Function::New(env, quantize_rows, "quantizeRows"));
    exports.Set("dequantizeRows", Napi::Function::New(env, dequantize_rows, "dequantizeRows"));
    exports.Set("useErrorClass", Napi::Function::New(env, use_error_class, "useErrorClass"));
    return exports;
}

}  // namespace qrag

static Napi::Object init_module(Napi::Env env, Napi::Object exports) { return qrag::init(env, exports); }

NODE_API_MODULE(qrag, init_module)
