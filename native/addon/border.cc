// Argument checks and error translation.
#include "border.h"

#include <cmath>

namespace qrag {

namespace {

void expect(bool holds, const char * name, const char * what) {
    if (!holds) throw Error(Code::input_invalid, std::string("expected ") + what + " for " + name);
}

template <typename Array>
Array typed_array(const Napi::Value & value, const char * name, napi_typedarray_type type, const char * what) {
    expect(value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type, name, what);
    return value.As<Array>();
}

}  // namespace

Napi::Error to_javascript(Napi::Env env, const Error & error) {
    const auto * environment = env.GetInstanceData<Environment>();
    const Napi::String code = Napi::String::New(env, name_of(error.code));
    if (environment == nullptr || environment->error_class.IsEmpty()) {
        Napi::Error plain = Napi::Error::New(env, error.what());
        plain.Set("code", code);
        return plain;
    }
    return Napi::Error(env, environment->error_class.New({code, Napi::String::New(env, error.what())}));
}

std::string text_argument(const Napi::Value & value, const char * name) {
    expect(value.IsString(), name, "a string");
    return value.As<Napi::String>().Utf8Value();
}

double number_argument(const Napi::Value & value, const char * name) {
    expect(value.IsNumber(), name, "a number");
    return value.As<Napi::Number>().DoubleValue();
}

bool boolean_argument(const Napi::Value & value, const char * name) {
    expect(value.IsBoolean(), name, "true or false");
    return value.As<Napi::Boolean>().Value();
}

int64_t integer_argument(const Napi::Value & value, const char * name) {
    const double number = number_argument(value, name);
    // 2^53: beyond it doubles skip integers, and far beyond it the conversion is undefined.
    expect(std::trunc(number) == number && std::fabs(number) <= 9007199254740992.0, name, "an integer");
    return static_cast<int64_t>(number);
}

Napi::Object object_argument(const Napi::Value & value, const char * name) {
    expect(value.IsObject(), name, "an object");
    return value.As<Napi::Object>();
}

Napi::Array array_argument(const Napi::Value & value, const char * name) {
    expect(value.IsArray(), name, "an array");
    return value.As<Napi::Array>();
}

std::vector<int32_t> int32_argument(const Napi::Value & value, const char * name) {
    const auto array = typed_array<Napi::Int32Array>(value, name, napi_int32_array, "an Int32Array");
    if (array.ElementLength() == 0) return {};  // Data() may be null then
    return {array.Data(), array.Data() + array.ElementLength()};
}

Napi::Float32Array float32_argument(const Napi::Value & value, const char * name) {
    return typed_array<Napi::Float32Array>(value, name, napi_float32_array, "a Float32Array");
}

Napi::Uint8Array uint8_argument(const Napi::Value & value, const char * name) {
    return typed_array<Napi::Uint8Array>(value, name, napi_uint8_array, "a Uint8Array");
}

Napi::Int8Array int8_argument(const Napi::Value & value, const char * name) {
    return typed_array<Napi::Int8Array>(value, name, napi_int8_array, "an Int8Array");
}

}  // namespace qrag
