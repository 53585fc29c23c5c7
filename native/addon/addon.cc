// The addon's exports: native/contract.ts's NativeAddon.
#include "../engine/architectures/registry.h"
#include "../engine/types.h"
#include "../kernels/dispatch.h"
#include "border.h"
#include "cpu_floor.h"
#include "ggml-cpu.h"
#include "model_object.h"
#include "rows.h"
#include "scan_object.h"
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

Napi::Object number_row(Napi::Env env, const NumberRow & row) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("number", row.name);
    object.Set("kind", row.size != nullptr ? "size" : "positive");
    object.Set("max", row.max);
    if (row.presence == Presence::with_labels) object.Set("only", "labels");
    return object;
}

Napi::Object tensor_row(Napi::Env env, const TensorRow & row) {
    Napi::Object object = Napi::Object::New(env);
    Napi::Array shape = Napi::Array::New(env), types = Napi::Array::New(env);
    for (const Size size : row.shape) shape.Set(shape.Length(), name_of(size));
    for (const WeightType & type : weight_types()) {
        if (row.matrix || type.type == GGML_TYPE_F32) types.Set(types.Length(), type.name);
    }
    object.Set("name", row.name);
    object.Set("shape", shape);
    object.Set("types", types);
    object.Set("required", row.presence != Presence::optional);
    if (row.presence == Presence::with_labels) object.Set("only", "labels");
    return object;
}

/** What the engine knows of each architecture: gguf/architectures holds the same, and a test keeps the two equal. */
Napi::Value known_architectures(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    Napi::Array result = Napi::Array::New(env);
    for (const Architecture * each : architectures()) {
        Napi::Object object = Napi::Object::New(env);
        Napi::Array numbers = Napi::Array::New(env), tensors = Napi::Array::New(env);
        for (const NumberRow & row : each->numbers) numbers.Set(numbers.Length(), number_row(env, row));
        for (const TensorRow & row : each->tensors) tensors.Set(tensors.Length(), tensor_row(env, row));
        object.Set("name", each->name);
        object.Set("numbers", numbers);
        object.Set("tensors", tensors);
        result.Set(result.Length(), object);
    }
    return result;
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
        // native/remedy.ts knows these words.
        throw Napi::Error::New(env, std::string("this processor lacks ") + missing + ", which this build needs");
    }
    // The library never prints: what matters of ggml's messages comes back as a status.
    ggml_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    env.SetInstanceData(new Environment());
    exports.Set("Model", ModelObject::define(env));
    exports.Set("Scan", ScanObject::define(env));
    exports.Set("Tokenizer", TokenizerObject::define(env));
    exports.Set("version", Napi::Function::New(env, version, "version"));
    exports.Set("kernels", Napi::Function::New(env, kernels, "kernels"));
    exports.Set("architectures", Napi::Function::New(env, known_architectures, "architectures"));
    exports.Set("quantizeRows", Napi::Function::New(env, quantize_rows, "quantizeRows"));
    exports.Set("dequantizeRows", Napi::Function::New(env, dequantize_rows, "dequantizeRows"));
    exports.Set("useErrorClass", Napi::Function::New(env, use_error_class, "useErrorClass"));
    return exports;
}

}  // namespace qrag

static Napi::Object init_module(Napi::Env env, Napi::Object exports) { return qrag::init(env, exports); }

NODE_API_MODULE(qrag, init_module)
