// The rows of the loader's table.
#include "tensor_table.h"

namespace qrag {

const char * name_of(Size size) {
    switch (size) {
        case Size::embedding: return "embedding";
        case Size::query: return "query";
        case Size::key_value: return "keyValue";
        case Size::feed_forward: return "feedForward";
        case Size::vocabulary: return "vocabulary";
        case Size::decision: return "decision";
        case Size::rope_half: break;
    }
    return "ropeHalf";
}

int64_t length_of(Size size, const Hyperparameters & numbers) {
    switch (size) {
        case Size::embedding: return numbers.embedding_length;
        case Size::query: return numbers.head_count * numbers.key_length;
        case Size::key_value: return numbers.head_count_kv * numbers.key_length;
        case Size::feed_forward: return numbers.feed_forward_length;
        case Size::vocabulary: return numbers.vocabulary_size;
        case Size::decision: return numbers.decision_count;
        case Size::rope_half: break;
    }
    return numbers.rope_dimension_count / 2;
}

const std::vector<TensorRow> & tensor_table() {
    constexpr auto embedding = Size::embedding, query = Size::query, key_value = Size::key_value,
                   feed_forward = Size::feed_forward, vocabulary = Size::vocabulary;
    constexpr bool matrix = true, vector = false, required = true, optional = false;
    // clang-format off
    static const std::vector<TensorRow> table = {
        {"token_embd.weight",               {embedding, vocabulary},     matrix, required, &GlobalTensors::token_embd,  nullptr},
        {"blk.{block}.attn_norm.weight",    {embedding},                 vector, required, nullptr, &Block::attn_norm},
        {"blk.{block}.attn_q.weight",       {embedding, query},          matrix, required, nullptr, &Block::attn_q},
        {"blk.{block}.attn_k.weight",       {embedding, key_value},      matrix, required, nullptr, &Block::attn_k},
        {"blk.{block}.attn_v.weight",       {embedding, key_value},      matrix, required, nullptr, &Block::attn_v},
        {"blk.{block}.attn_output.weight",  {query, embedding},          matrix, required, nullptr, &Block::attn_output},
        {"blk.{block}.ffn_norm.weight",     {embedding},                 vector, required, nullptr, &Block::ffn_norm},
        {"blk.{block}.ffn_gate.weight",     {embedding, feed_forward},   matrix, required, nullptr, &Block::ffn_gate},
        {"blk.{block}.ffn_up.weight",       {embedding, feed_forward},   matrix, required, nullptr, &Block::ffn_up},
        {"blk.{block}.ffn_down.weight",     {feed_forward, embedding},   matrix, required, nullptr, &Block::ffn_down},
        {"output_norm.weight",              {embedding},                 vector, required, &GlobalTensors::output_norm, nullptr},
        {"cls.output.weight",               {embedding, Size::decision}, vector, required, &GlobalTensors::decision,    nullptr},
        {"output.weight",                   {embedding, vocabulary},     matrix, optional, &GlobalTensors::output,      nullptr},
        {"rope_freqs.weight",               {Size::rope_half},           vector, optional, &GlobalTensors::rope_freqs,  nullptr},
    };
    // clang-format on
    return table;
}

}  // namespace qrag
