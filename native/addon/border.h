// The border between JavaScript and the engine: argument checks, error translation, the state of one environment.
#pragma once

#include <new>
#include <string>
#include <vector>

#include "../error.h"
#include "napi_setup.h"

namespace qrag {

/** What one JavaScript environment (the main thread, a worker) holds; there is no state besides. */
struct Environment {
    Napi::FunctionReference error_class;  // QragError of base/errors.ts
};

/** A QragError with the code and message of `error`. */
Napi::Error to_javascript(Napi::Env env, const Error & error);

/** Runs `body`; whatever it throws arrives in JavaScript as a QragError. No exception passes this point otherwise. */
template <typename Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
    try {
        return body();
    } catch (const Napi::Error &) {
        throw;
    } catch (const Error & error) {
        throw to_javascript(env, error);
    } catch (const std::bad_alloc &) {
        throw to_javascript(env, Error(Code::out_of_memory, "out of memory"));
    } catch (const std::exception & error) {
        throw to_javascript(env, Error(Code::internal, error.what()));
    } catch (...) {
        throw to_javascript(env, Error(Code::internal, "an unknown native failure"));
    }
}

/** Argument checks: the type and nothing more. Ranges are the engine's to know. All throw input_invalid. */
std::string text_argument(const Napi::Value & value, const char * name);
double number_argument(const Napi::Value & value, const char * name);
bool boolean_argument(const Napi::Value & value, const char * name);
int64_t integer_argument(const Napi::Value & value, const char * name);
Napi::Object object_argument(const Napi::Value & value, const char * name);
Napi::Array array_argument(const Napi::Value & value, const char * name);
/** A copy: what JavaScript does to the array later changes nothing. */
std::vector<int32_t> int32_argument(const Napi::Value & value, const char * name);
Napi::Float32Array float32_argument(const Napi::Value & value, const char * name);
Napi::Uint8Array uint8_argument(const Napi::Value & value, const char * name);
Napi::Int8Array int8_argument(const Napi::Value & value, const char * name);

}  // namespace qrag
