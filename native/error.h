// Error: the one exception of the engine, with a code of base/errors.ts.
#pragma once

#include <stdexcept>
#include <string>

namespace qrag {

enum class Code { model_invalid, tokenizer_unsupported, input_invalid, out_of_memory, disposed, internal };

/** The code's name as JavaScript knows it. */
inline const char * name_of(Code code) {
    switch (code) {
        case Code::model_invalid: return "MODEL_INVALID";
        case Code::tokenizer_unsupported: return "TOKENIZER_UNSUPPORTED";
        case Code::input_invalid: return "INPUT_INVALID";
        case Code::out_of_memory: return "OUT_OF_MEMORY";
        case Code::disposed: return "DISPOSED";
        case Code::internal: break;
    }
    return "INTERNAL";
}

struct Error : std::runtime_error {
    Error(Code reason, const std::string & message) : std::runtime_error(message), code(reason) {}
    Code code;
};

}  // namespace qrag
