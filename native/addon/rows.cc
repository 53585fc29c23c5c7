// quantizeRows and dequantizeRows. Both run on the calling thread: callers pass slices of a few milliseconds.
#include "rows.h"

#include <cstring>
#include <vector>

#include "../engine/types.h"
#include "border.h"

namespace qrag {

namespace {

const WeightType & type_argument(const Napi::Value & value) {
    const std::string name = text_argument(value, "type");
    const WeightType * type = find_weight_type(name);
    if (type == nullptr) throw Error(Code::input_invalid, "unknown weight type " + name);
    return *type;
}

/** How many rows of `row_length` values are `count` values in all. */
int64_t checked_rows(const WeightType & type, int64_t row_length, size_t count) {
    // 2^31 - 1: the longest row GGUF's reader lets pass, far from any overflow below.
    if (row_length < 1 || row_length > INT32_MAX || row_length % ggml_blck_size(type.type) != 0 ||
        count % static_cast<size_t>(row_length) != 0) {
        throw Error(Code::input_invalid, "rows of " + std::to_string(row_length) + " values do not fit " +
                                             std::to_string(count) + " values, or blocks of " + type.name);
    }
    return static_cast<int64_t>(count) / row_length;
}

}  // namespace

Napi::Value quantize_rows(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        const WeightType & type = type_argument(info[0]);
        const Napi::Float32Array values = float32_argument(info[1], "rows");
        const int64_t row_length = integer_argument(info[2], "rowLength");
        const int64_t rows = checked_rows(type, row_length, values.ElementLength());
        // ggml's K-quant search does not end well on numbers that are not finite.
        if (!all_finite(*find_weight_type("F32"), values.Data(), values.ByteLength())) {
            throw Error(Code::input_invalid, "a value is not finite");
        }
        Napi::Uint8Array bytes =
            Napi::Uint8Array::New(info.Env(), ggml_row_size(type.type, row_length) * static_cast<size_t>(rows));
        if (rows > 0) ggml_quantize_chunk(type.type, values.Data(), bytes.Data(), 0, rows, row_length, nullptr);
        return bytes;
    });
}

Napi::Value dequantize_rows(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&] {
        const WeightType & type = type_argument(info[0]);
        const Napi::Uint8Array bytes = uint8_argument(info[1], "bytes");
        const int64_t row_length = integer_argument(info[2], "rowLength");
        const size_t block = ggml_type_size(type.type);
        if (bytes.ByteLength() % block != 0) throw Error(Code::input_invalid, "no whole blocks of bytes");
        const size_t count = bytes.ByteLength() / block * static_cast<size_t>(ggml_blck_size(type.type));
        checked_rows(type, row_length, count);
        Napi::Float32Array values = Napi::Float32Array::New(info.Env(), count);
        if (count == 0) return values;
        // A view of JavaScript's may begin at any byte; ggml reads aligned numbers.
        std::vector<float> aligned((bytes.ByteLength() + sizeof(float) - 1) / sizeof(float));
        std::memcpy(aligned.data(), bytes.Data(), bytes.ByteLength());
        if (type.type == GGML_TYPE_F32) {
            std::memcpy(values.Data(), aligned.data(), bytes.ByteLength());
        } else {
            ggml_get_type_traits(type.type)->to_float(aligned.data(), values.Data(), static_cast<int64_t>(count));
        }
        return values;
    });
}

}  // namespace qrag
