// The architecture `bert`: an encoder whose tokens all see each other, with a classifier or for vectors.
#include "../reference/builder.h"
#include "registry.h"

namespace qrag {

namespace {

using H = Hyperparameters;
using G = GlobalTensors;
using B = Block;

constexpr auto embedding = Size::embedding, query = Size::query, key_value = Size::key_value,
               feed_forward = Size::feed_forward;
constexpr auto required = Presence::required, with_labels = Presence::with_labels;
constexpr bool matrix = true, vector = false;

void check(const Hyperparameters & numbers) {
    check_rule(numbers.head_count_kv == numbers.head_count, "headCountKv differs from headCount");
    check_rule(numbers.key_length * numbers.head_count == numbers.embedding_length,
               "embeddingLength is not a multiple of headCount");
}

}  // namespace

const Architecture bert_architecture = {
    "bert",
    {
        {"contextLength", 1 << 20, &H::context_length, nullptr},
        {"embeddingLength", 1 << 16, &H::embedding_length, nullptr},
        {"blockCount", 512, &H::block_count, nullptr},
        {"feedForwardLength", 1 << 18, &H::feed_forward_length, nullptr},
        {"headCount", 1024, &H::head_count, nullptr},
        {"normEpsilon", 1, nullptr, &H::norm_epsilon},
        {"tokenTypeCount", 16, &H::token_type_count, nullptr},
        {"vocabularySize", 1 << 22, &H::vocabulary_size, nullptr},
        {"outputCount", 1024, &H::output_count, nullptr, Presence::with_labels},
    },
    // clang-format off
    {
        {"token_embd.weight",                    {embedding, Size::vocabulary},  matrix, required, &G::token_embd, nullptr},
        {"token_types.weight",                   {embedding, Size::token_types}, vector, required, &G::token_types, nullptr},
        {"position_embd.weight",                 {embedding, Size::positions},   vector, required, &G::position_embd, nullptr},
        {"token_embd_norm.weight",               {embedding},                    vector, required, &G::token_embd_norm, nullptr},
        {"token_embd_norm.bias",                 {embedding},                    vector, required, &G::token_embd_norm_bias, nullptr},
        {"blk.{block}.attn_q.weight",            {embedding, query},             matrix, required, nullptr, &B::attn_q},
        {"blk.{block}.attn_q.bias",              {query},                        vector, required, nullptr, &B::attn_q_bias},
        {"blk.{block}.attn_k.weight",            {embedding, key_value},         matrix, required, nullptr, &B::attn_k},
        {"blk.{block}.attn_k.bias",              {key_value},                    vector, required, nullptr, &B::attn_k_bias},
        {"blk.{block}.attn_v.weight",            {embedding, key_value},         matrix, required, nullptr, &B::attn_v},
        {"blk.{block}.attn_v.bias",              {key_value},                    vector, required, nullptr, &B::attn_v_bias},
        {"blk.{block}.attn_output.weight",       {query, embedding},             matrix, required, nullptr, &B::attn_output},
        {"blk.{block}.attn_output.bias",         {embedding},                    vector, required, nullptr, &B::attn_output_bias},
        {"blk.{block}.attn_output_norm.weight",  {embedding},                    vector, required, nullptr, &B::attn_output_norm},
        {"blk.{block}.attn_output_norm.bias",    {embedding},                    vector, required, nullptr, &B::attn_output_norm_bias},
        {"blk.{block}.ffn_up.weight",            {embedding, feed_forward},      matrix, required, nullptr, &B::ffn_up},
        {"blk.{block}.ffn_up.bias",              {feed_forward},                 vector, required, nullptr, &B::ffn_up_bias},
        {"blk.{block}.ffn_down.weight",          {feed_forward, embedding},      matrix, required, nullptr, &B::ffn_down},
        {"blk.{block}.ffn_down.bias",            {embedding},                    vector, required, nullptr, &B::ffn_down_bias},
        {"blk.{block}.layer_output_norm.weight", {embedding},                    vector, required, nullptr, &B::layer_output_norm},
        {"blk.{block}.layer_output_norm.bias",   {embedding},                    vector, required, nullptr, &B::layer_output_norm_bias},
        {"cls.weight",                           {embedding, embedding},         vector, with_labels, &G::pooler, nullptr},
        {"cls.bias",                             {embedding},                    vector, with_labels, &G::pooler_bias, nullptr},
        {"cls.output.weight",                    {embedding, Size::output},      vector, with_labels, &G::head, nullptr},
        {"cls.output.bias",                      {Size::output},                 vector, with_labels, &G::head_bias, nullptr},
    },
    // clang-format on
    {Norm::layer, /*norm_first=*/false, Position::learned, Into::gelu, Sight::all},
    check,
    build_encoder,
};

}  // namespace qrag
