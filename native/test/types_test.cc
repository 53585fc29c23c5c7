// The table of weight types against ggml's own.
#include "../engine/types.h"

#include <cstring>
#include <cctype>

#include "check.h"

using namespace qrag;
using namespace qrag::test;

QRAG_TEST(type_names_are_the_table_of_ggml) {
    for (const WeightType & type : weight_types()) {
        std::string name = ggml_type_name(type.type);
        for (char & letter : name) letter = letter == 'k' || letter == 'K' ? 'K' : static_cast<char>(std::toupper(letter));
        check(name == type.name, std::string(type.name) + " is ggml's " + name);
        check(find_weight_type(type.name) == &type && &weight_type_of(type.type) == &type, type.name);
        for (const size_t scale : type.scales) check(scale + 2 <= ggml_type_size(type.type), type.name);
    }
    check(find_weight_type("Q5_0") == nullptr && find_weight_type("") == nullptr, "unknown names");
}

QRAG_TEST(numbers_that_are_not_finite_are_found_in_every_type) {
    constexpr int64_t length = 512;
    for (const WeightType & type : weight_types()) {
        std::vector<float> values(length);
        for (size_t i = 0; i < values.size(); i++) values[i] = std::sin(static_cast<float>(i)) * 3;
        std::vector<unsigned char> bytes(ggml_row_size(type.type, length));
        ggml_quantize_chunk(type.type, values.data(), bytes.data(), 0, 1, length, nullptr);
        check(all_finite(type, bytes.data(), bytes.size()), std::string(type.name) + " of finite values");

        const size_t block = ggml_type_size(type.type);
        const size_t last_block = bytes.size() - block;
        std::vector<size_t> places = type.scales;
        if (places.empty()) places.push_back(block - 2);  // the high half of one little-endian float
        for (const size_t place : places) {
            for (const uint16_t bad : {0x7f80, 0xffc0}) {  // infinity and NaN, as BF16, as the high half of F32, and a NaN as F16
                std::vector<unsigned char> damaged = bytes;
                std::memcpy(damaged.data() + last_block + place, &bad, sizeof bad);
                check(!all_finite(type, damaged.data(), damaged.size()), std::string(type.name) + " with a bad number");
            }
        }
    }
}
