// The architecture `qrag`: a Llama-like decoder with the rows that decide.
#include "../reference/builder.h"
#include "registry.h"

namespace qrag {

namespace {

using H = Hyperparameters;
using G = GlobalTensors;
using B = Block;

constexpr auto embedding = Size::embedding, query = Size::query, key_value = Size::key_value,
               feed_forward = Size::feed_forward, vocabulary = Size::vocabulary;
constexpr auto required = Presence::required, optional = Presence::optional;
constexpr bool matrix = true, vector = false;

void check(const Hyperparameters & numbers) {
    check_rule(numbers.head_count_kv <= numbers.head_count && numbers.head_count % numbers.head_count_kv == 0,
               "headCount is not a multiple of headCountKv");
    check_rule(numbers.rope_dimension_count <= numbers.key_length, "ropeDimensionCount is greater than keyLength");
    check_rule(numbers.rope_dimension_count % 2 == 0, "ropeDimensionCount is odd");
}

}  // namespace

const Architecture qrag_architecture = {
    "qrag",
    {
        {"contextLength", 1 << 20, &H::context_length, nullptr},
        {"embeddingLength", 1 << 16, &H::embedding_length, nullptr},
        {"blockCount", 512, &H::block_count, nullptr},
        {"feedForwardLength", 1 << 18, &H::feed_forward_length, nullptr},
        {"headCount", 1024, &H::head_count, nullptr},
        {"headCountKv", 1024, &H::head_count_kv, nullptr},
        {"keyLength", 1024, &H::key_length, nullptr},
        {"normEpsilon", 1, nullptr, &H::norm_epsilon},
        {"ropeDimensionCount", 1024, &H::rope_dimension_count, nullptr},
        {"ropeFreqBase", 1e12, nullptr, &H::rope_freq_base},
        {"vocabularySize", 1 << 22, &H::vocabulary_size, nullptr},
        {"outputCount", 1024, &H::output_count, nullptr},
    },
    // clang-format off
    {
        {"token_embd.weight",               {embedding, vocabulary},   matrix, required, &G::token_embd, nullptr},
        {"blk.{block}.attn_norm.weight",    {embedding},               vector, required, nullptr, &B::attn_norm},
        {"blk.{block}.attn_q.weight",       {embedding, query},        matrix, required, nullptr, &B::attn_q},
        {"blk.{block}.attn_k.weight",       {embedding, key_value},    matrix, required, nullptr, &B::attn_k},
        {"blk.{block}.attn_v.weight",       {embedding, key_value},    matrix, required, nullptr, &B::attn_v},
        {"blk.{block}.attn_output.weight",  {query, embedding},        matrix, required, nullptr, &B::attn_output},
        {"blk.{block}.ffn_norm.weight",     {embedding},               vector, required, nullptr, &B::ffn_norm},
        {"blk.{block}.ffn_gate.weight",     {embedding, feed_forward}, matrix, required, nullptr, &B::ffn_gate},
        {"blk.{block}.ffn_up.weight",       {embedding, feed_forward}, matrix, required, nullptr, &B::ffn_up},
        {"blk.{block}.ffn_down.weight",     {feed_forward, embedding}, matrix, required, nullptr, &B::ffn_down},
        {"output_norm.weight",              {embedding},               vector, required, &G::output_norm, nullptr},
        {"cls.output.weight",               {embedding, Size::output}, vector, required, &G::head, nullptr},
        {"output.weight",                   {embedding, vocabulary},   matrix, optional, &G::vocabulary_head, nullptr},
        {"rope_freqs.weight",               {Size::rope_half},         vector, optional, &G::rope_freqs, nullptr},
    },
    // clang-format on
    {Norm::rms, /*norm_first=*/true, Position::rotary, Into::swiglu, Sight::before},
    check,
    build_decoder,
};

}  // namespace qrag
