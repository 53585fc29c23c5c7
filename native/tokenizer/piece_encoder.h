// PieceEncoder: a tokenizer's model, from a piece of text to ids.
#pragma once

#include <memory>

#include "vocabulary.h"

namespace qrag {

class PieceEncoder {
  public:
    virtual ~PieceEncoder() = default;

    /** Appends the ids of one piece, which is not empty. */
    virtual void encode(std::string_view piece, Integers & ids) = 0;
};

/** The model that `description` names. Texts and vocabulary stay where they are as long as it lives. */
std::unique_ptr<PieceEncoder> make_piece_encoder(const TokenizerDescription & description, const Texts & texts,
                                                 const Vocabulary & vocabulary);

/** Behind the model's kind its row has five numbers. */
constexpr size_t model_row = 6;

}  // namespace qrag
