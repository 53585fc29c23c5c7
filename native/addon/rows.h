// Quantizing and reading rows of weights with ggml's own code.
#pragma once

#include "napi_setup.h"

namespace qrag {

Napi::Value quantize_rows(const Napi::CallbackInfo & info);
Napi::Value dequantize_rows(const Napi::CallbackInfo & info);

}  // namespace qrag
