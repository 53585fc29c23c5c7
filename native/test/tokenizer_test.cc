// The tokenizer where its TypeScript tests do not reach: damaged descriptions, texts that are no UTF-8, very long words.
#include "../tokenizer/tokenizer.h"

#include <random>

#include "check.h"

using namespace qrag;
using namespace qrag::test;

namespace {

/** Texts of a description, each known by its number. */
class Pool {
  public:
    explicit Pool(TokenizerDescription & description) : description_(description) {}

    int32_t operator()(std::string_view text) {
        description_.texts.append(text);
        description_.ends.push_back(static_cast<int32_t>(description_.texts.size()));
        return static_cast<int32_t>(description_.ends.size()) - 1;
    }

  private:
    TokenizerDescription & description_;
};

/** The parts that do not depend on the model. Every kind of normalizer and cut occurs if `every`. */
void add_parts(TokenizerDescription & description, Pool & add, bool every) {
    description.added = {add("<s>"), 40, 0, 0, 0, 0, add("Mark"), 41, 1, 1, 1, 1};
    const int32_t dash = add("-"), digit = add("number"), text = add("text"), split = add("split");
    description.normalizer = {add("BertNormalizer"), 1, 1, 1, 1};
    description.cuts = {split, add("bert"), 0, 0, 0, add("Removed"), 1};
    if (every) {
        description.normalizer = {add("NFC"),  0, 0, 0, 0, add("NFD"), 0, 0, 0, 0, add("Lowercase"), 0, 0, 0, 0,
                                  add("NFKC"), 0, 0, 0, 0, add("NFKD"), 0, 0, 0, 0};
        const Integers more = {add("Prepend"), add("_"), 0, 0, 0, add("Replace"), add("x"), add("yz"), 0, 0,
                               add("BertNormalizer"), 1, 1, 1, 0};
        description.normalizer.insert(description.normalizer.end(), more.begin(), more.end());
        description.cuts = {
            split, text, dash, 0, 0, add("Isolated"), 0,
            split, add("run"), digit, 1, 3, add("Removed"), 0,
            split, add("words"), 0, 0, 0, add("MergedWithPrevious"), 1,
            split, add("newer"), 2, 0, 0, add("MergedWithNext"), 0,
            split, add("gpt2"), 0, 0, 0, add("Contiguous"), 0,
            add("metaspace"), dash, add("always"), text, dash, 0, 0,
            add("bytes"), 1, add("gpt2"), 0, 0, 0, 0,
        };
    }
    description.before = {0};
    description.after = {1, 2};
    description.pair = {1};
    description.pair_before = {0};
    description.pair_between = {1, 1};
    description.pair_after = {2};
    const int32_t letter = add("letter"), word = add("word"), space = add("space"), line_end = add("lineEnd");
    description.classes = {'a', 'z' + 1, letter, 'a', 'z' + 1, word, 'A', 'Z' + 1, letter, 'A', 'Z' + 1, word,
                           '0', '9' + 1, digit, '0', '9' + 1, word, ' ', ' ' + 1, space, '\n', '\n' + 1, space,
                           '\n', '\n' + 1, line_end, 0xE9, 0xEA, letter, '!', '/' + 1, add("punctuation")};
    description.bert_classes = {0, 9, add("control"), '\n', '\n' + 1, space, 0x300, 0x330, add("accent"),
                                0x4E00, 0xA000, add("chinese"), 0xFFFD, 0xFFFE, add("control")};
    description.combining = {0x300, 0x315, 230, 0x316, 0x31A, 220};
    description.decompositions = {0xE9, 2, 'e', 0x301, 0x212B, 1, 0xC5};
    description.compatible = {0xE9, 2, 'e', 0x301, 0xFB01, 2, 'f', 'i'};
    description.compositions = {'e', 0x301, 0xE9};
    description.lowercase = {0xC9, 1, 0xE9, 0x130, 2, 'i', 0x307};
}

/** A small tokenizer of byte pairs in which every kind of part occurs. */
TokenizerDescription small_description() {
    TokenizerDescription description;
    Pool add(description);
    for (int id = 0; id < 26; id++) {
        add(std::string(1, static_cast<char>('a' + id)));
        description.ids.push_back(id);
    }
    for (const char * token : {"aa", "aaaa", "aaaaaaaa", "</w>", "#b", "ab", "\u00e9"}) {
        description.ids.push_back(add(token));
    }
    description.merges = {0, 0, 26, 26, 26, 27, 27, 27, 28, 0, 1, 31};
    description.model = {add("BPE"), 25, 1, 1, add("#"), add("$")};
    description.byte_tokens.assign(256, 3);
    add_parts(description, add, true);
    return description;
}

/** A small tokenizer of word pieces, as BERT has them. */
TokenizerDescription word_description() {
    TokenizerDescription description;
    Pool add(description);
    for (const char * token : {"[UNK]", "a", "b", "ab", "##a", "##ab", "##b", "e", "##e", "-", "", "##", "\u4e2d", "abab"}) {
        description.ids.push_back(add(token));
    }
    description.model = {add("WordPiece"), 0, add("##"), 9, 0, 0};
    add_parts(description, add, false);
    return description;
}

/** What is awkward, whole and broken: as bytes, since a text that reaches the tokenizer need not be UTF-8. */
const std::vector<std::string> & awkward_texts() {
    static const std::vector<std::string> texts = {
        "", "a", "aaaaaaaaaaaab <s> x  Mark \n\nabab 123456 don't Don'T", "e\xCC\x81\xCC\x96 \xEA\xB0\x80\xE1\x86\xA8",
        "ABAB \xC4\xB0\xC3\x89", "\xFF\xFE\x80", "\xE2\x82", "\xF4\x90\x80\x80", "'", "'\xC5", "   ", std::string(3, '\0'), "Mark<s>Mark Mark",
    };
    return texts;
}

/** Any number, most often one that is nearly right. */
int32_t odd_number(std::mt19937 & random) {
    const int32_t known[] = {-1, 0, 1, 2, 33, 255, 256, id_limit - 1, id_limit, 0x10FFFF, 0x110000, INT32_MAX, INT32_MIN};
    const uint32_t choice = random() % 20;
    return choice < std::size(known) ? known[choice] : static_cast<int32_t>(random());
}

void damage(TokenizerDescription & description, std::mt19937 & random) {
    TokenizerDescription & d = description;
    Integers * const parts[] = {
        &d.ends,       &d.ids,          &d.model,      &d.merges,        &d.byte_tokens,  &d.added,          &d.normalizer,
        &d.cuts,       &d.before,       &d.after,      &d.pair,          &d.pair_before,  &d.pair_between,   &d.pair_after,
        &d.classes,    &d.bert_classes, &d.combining,  &d.compatible,    &d.compositions, &d.decompositions, &d.lowercase};
    Integers & part = *parts[random() % std::size(parts)];
    const size_t place = part.empty() ? 0 : random() % part.size();
    switch (random() % 8) {
        case 0: part.resize(place); break;
        case 1: part.insert(part.begin() + static_cast<ptrdiff_t>(place), odd_number(random)); break;
        case 2: description.texts.resize(random() % (description.texts.size() + 1)); break;
        default:
            if (!part.empty()) part[place] = odd_number(random);
    }
}

Integers encoded(Tokenizer & tokenizer, std::string_view text) {
    Integers ids;
    tokenizer.encode(text, ids);
    for (const int32_t id : ids) check(id >= 0 && id < id_limit, "an id in bounds");
    return ids;
}

/** The ids of a text that is encoded behind its first `size` bytes. */
Integers encoded_after(Tokenizer & tokenizer, std::string_view text, size_t size) {
    const Tokenizer::Head head = tokenizer.begin(text.substr(0, size));
    check(head.size <= size, "a head ends in the text it was made from");
    Integers ids;
    tokenizer.encode_after(head, text.substr(head.size), ids);
    return ids;
}

void encode_in_all_ways(Tokenizer & tokenizer, std::string_view text) {
    const Integers ids = encoded(tokenizer, text);
    for (size_t size = 0; size <= text.size(); size += 1 + size / 8) encoded_after(tokenizer, text, size);
    if (!tokenizer.frames_pairs()) return;
    Integers bare, pair;
    tokenizer.encode_bare(text, bare);
    check(tokenizer.encode_pair(bare, text, pair) <= pair.size(), "the second text begins in the pair");
}

std::string random_text(std::mt19937 & random) {
    std::string text(random() % 40, ' ');
    for (char & byte : text) {
        const uint32_t choice = random() % 8;
        byte = static_cast<char>(choice < 2 ? 'a' + random() % 3 : choice == 2 ? ' ' : random());
    }
    return text;
}

}  // namespace

QRAG_TEST(tokenizer_survives_damaged_descriptions) {
    std::mt19937 random(1);
    for (const auto & describe : {small_description, word_description}) {
        int refused = 0, accepted = 0;
        for (int round = 0; round < 1000; round++) {
            TokenizerDescription description = describe();
            for (uint32_t changes = 1 + random() % 3; changes > 0; changes--) damage(description, random);
            try {
                Tokenizer tokenizer(std::move(description));
                for (const std::string & text : awkward_texts()) encode_in_all_ways(tokenizer, text);
                for (int32_t id = -1; id < 50; id++) tokenizer.token(id);
                accepted++;
            } catch (const Error & error) {
                check(error.code == Code::input_invalid || error.code == Code::tokenizer_unsupported, error.what());
                refused++;
            }
        }
        check(refused > 100 && accepted > 100, "both happen often: " + std::to_string(refused) + " refused");
    }
}

QRAG_TEST(tokenizer_takes_any_bytes_for_a_text) {
    std::mt19937 random(2);
    for (const auto & describe : {small_description, word_description}) {
        Tokenizer tokenizer(describe());
        for (int round = 0; round < 20000; round++) {
            const std::string text = random_text(random);
            const Integers ids = encoded(tokenizer, text);
            check(ids == encoded(tokenizer, text), "the same ids again");
            check(ids.size() >= 3 && ids.front() == 0 && ids.back() == 2, "ids around every text");
        }
    }
}

QRAG_TEST(a_text_has_the_same_ids_behind_any_head) {
    std::mt19937 random(4);
    Tokenizer tokenizer(word_description());
    size_t settled = 0;
    for (int round = 0; round < 20000; round++) {
        const std::string text = random_text(random);
        const size_t size = random() % (text.size() + 1);
        settled += tokenizer.begin(std::string_view(text).substr(0, size)).size;
        check(encoded_after(tokenizer, text, size) == encoded(tokenizer, text), "the ids of the whole");
    }
    check(settled > 20000, "heads are settled");
}

QRAG_TEST(words_are_spelled_with_the_longest_pieces) {
    Tokenizer tokenizer(word_description());
    const auto words = [&](std::string_view text) {
        const Integers ids = encoded(tokenizer, text);
        return Integers(ids.begin() + 1, ids.end() - 2);
    };
    check(words("ABABab") == Integers{13, 5}, "abab ##ab");
    check(words("abba e\xCC\x81-c") == Integers{3, 6, 4, 7, 9, 0}, "ab ##b ##a e - [UNK]");
    check(words("abababab ababababa ababababab") == Integers{13, 5, 5, 13, 5, 5, 4, 0}, "ten characters are too many");
    check(words("a\xE4\xB8\xAD" "b") == Integers{1, 12, 2}, "a Chinese character stands alone");
}

QRAG_TEST(a_pair_has_its_own_frame) {
    Tokenizer tokenizer(word_description());
    Integers first, ids;
    tokenizer.encode_bare("abab", first);
    check(tokenizer.encode_pair(first, "b a", ids) == 3, "the first type: 0, abab and one of the two between");
    check(ids == Integers{0, 13, 1, 1, 2, 1, 2}, "the frame of pairs");
}

QRAG_TEST(tokenizer_merges_a_long_word) {
    TokenizerDescription description = small_description();
    description.normalizer.clear();
    description.cuts.clear();
    description.model = {description.model[0], -1, 0, 0, -1, -1};
    Tokenizer tokenizer(std::move(description));
    const size_t length = size_t{1} << 21;
    const Integers ids = encoded(tokenizer, std::string(length, 'a'));
    check(ids.size() == length / 8 + 3 && ids[1] == 28, "eight letters a token");
}

QRAG_TEST(halves_of_surrogate_pairs_become_replacement_characters) {
    const char16_t units[] = {'a', 0xD83D, 0xDE00, 0xD83D, 'b', 0xDE00, 0xD800};
    check(to_utf8({units, std::size(units)}) == "a\xF0\x9F\x98\x80\xEF\xBF\xBD" "b\xEF\xBF\xBD\xEF\xBF\xBD", "UTF-8");
}

QRAG_TEST(characters_are_found_from_both_ends) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; round++) {
        std::string text;
        std::vector<char32_t> codes;
        while (codes.size() < 20) {
            const char32_t code = random() % (random() % 2 == 0 ? 0x900 : code_points);
            if (code >= 0xD800 && code < 0xE000) continue;
            codes.push_back(code);
            append(text, code);
        }
        size_t at = 0;
        for (const char32_t code : codes) {
            const Character character = character_at(text, at);
            check(character.code == code, "forwards");
            at += character.size;
        }
        for (size_t i = codes.size(); i > 0; i--) {
            const Character character = character_before(text, at);
            check(character.code == codes[i - 1], "backwards");
            at -= character.size;
        }
    }
}
