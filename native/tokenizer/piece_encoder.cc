// The choice among the models.
#include "piece_encoder.h"

#include "byte_pairs.h"
#include "word_pieces.h"

namespace qrag {

namespace {

enum class ModelKind { bpe, word_piece };

constexpr const char * model_names[] = {"BPE", "WordPiece"};

}  // namespace

std::unique_ptr<PieceEncoder> make_piece_encoder(const TokenizerDescription & description, const Texts & texts,
                                                 const Vocabulary & vocabulary) {
    const Table model(description.model, model_row, "the model");
    if (model.size() != 1) throw bad_description("the model is not one row");
    const int32_t * row = model[0];
    switch (checked_name<ModelKind>(texts, row[0], model_names, "the model")) {
        case ModelKind::bpe: return std::make_unique<BytePairs>(row + 1, description, texts, vocabulary);
        case ModelKind::word_piece: break;
    }
    return std::make_unique<WordPieces>(row + 1, description, texts);
}

}  // namespace qrag
