// The table of weight types, and the check for numbers that are not finite.
#include "types.h"

#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace qrag {

const std::vector<WeightType> & weight_types() {
    // Block layouts: ggml's ggml-common.h. Q8_0 {d, 32 x int8}; Q4_0 {d, 16 bytes}; Q4_K {d, dmin, 12 + 128 bytes};
    // Q6_K {128 + 64 + 16 bytes, d}.
    static const std::vector<WeightType> types = {
        {"F32", GGML_TYPE_F32, {}},       {"F16", GGML_TYPE_F16, {}},         {"BF16", GGML_TYPE_BF16, {}},
        {"Q8_0", GGML_TYPE_Q8_0, {0}},    {"Q4_0", GGML_TYPE_Q4_0, {0}},
        {"Q4_K", GGML_TYPE_Q4_K, {0, 2}}, {"Q6_K", GGML_TYPE_Q6_K, {208}},
    };
    return types;
}

const WeightType * find_weight_type(const std::string & name) {
    for (const WeightType & type : weight_types()) {
        if (name == type.name) return &type;
    }
    return nullptr;
}

const WeightType & weight_type_of(ggml_type wanted) {
    for (const WeightType & type : weight_types()) {
        if (type.type == wanted) return type;
    }
    throw std::logic_error("a tensor of a type that is not in the table");
}

namespace {

/** True when all exponent bits of every `T` at `data`, `stride` bytes apart, are never all set. */
template <typename T>
bool exponents_finite(const unsigned char * data, size_t count, size_t stride, T exponent) {
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        T bits;
        std::memcpy(&bits, data + i * stride, sizeof bits);
        finite &= (bits & exponent) != exponent;
    }
    return finite;
}

}  // namespace

bool all_finite(const WeightType & type, const void * data, size_t size) {
    const auto * bytes = static_cast<const unsigned char *>(data);
    const size_t block = ggml_type_size(type.type);
    const size_t count = size / block;
    switch (type.type) {
        case GGML_TYPE_F32: return exponents_finite<uint32_t>(bytes, count, block, 0x7f800000u);
        case GGML_TYPE_F16: return exponents_finite<uint16_t>(bytes, count, block, 0x7c00u);
        case GGML_TYPE_BF16: return exponents_finite<uint16_t>(bytes, count, block, 0x7f80u);
        default: break;
    }
    for (const size_t scale : type.scales) {
        if (!exponents_finite<uint16_t>(bytes + scale, count, block, 0x7c00u)) return false;
    }
    return true;
}

}  // namespace qrag
