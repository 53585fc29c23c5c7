// The tokenizer where its TypeScript tests do not reach: damaged descriptions, texts that are no UTF-8, very long words.
#include "../tokenizer/tokenizer.h"

#include <random>

#include "check.h"

using namespace qrag;
using namespace qrag::test;

namespace {

/** A small tokenizer in which every kind of part occurs. */
TokenizerDescription small_description() {
    TokenizerDescription description;
    const auto add = [&](std::string_view text) {
        description.texts.append(text);
        description.ends.push_back(static_cast<int32_t>(description.texts.size()));
        return static_cast<int32_t>(description.ends.size()) - 1;
    };
    for (int id = 0; id < 26; id++) {
        add(std::string(1, static_cast<char>('a' + id)));
        description.ids.push_back(id);
    }
    for (const char * token : {"aa", "aaaa", "aaaaaaaa", "</w>", "#b", "ab", "\u00e9"}) {
        description.ids.push_back(add(token));
    }
    description.merges = {0, 0, 26, 26, 26, 27, 27, 27, 28, 0, 1, 31};
    description.model = {25, 1, 1, add("#"), add("$")};
    description.byte_tokens.assign(256, 3);
    description.added = {add("<s>"), 40, 0, add("Mark"), 41, single_word | lstrip | rstrip | normalized};
    description.normalizer = {0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, add("_"), 4, add("x"), add("yz")};
    const int32_t dash = add("-");
    description.cuts = {
        0, 0, dash, 0, 0, 0, 0,                   // a text, isolated
        0, 1, number, 1, 3, 1, 0,                 // up to three digits, removed
        0, 2, 0, 0, 0, 2, 1,                      // words, merged with what is before
        0, 4, 2, 0, 0, 3, 0,                      // the newer expression, merged with what follows
        0, 3, 0, 0, 0, 4, 0,                      // GPT-2's, contiguous
        2, dash, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0,  // a mark for spaces, and the bytes
    };
    description.before = {0};
    description.after = {1, 2};
    description.classes = {'a', 'z' + 1, letter | word, 'A', 'Z' + 1, letter | word, '0', '9' + 1, number | word | numeric,
                           ' ', ' ' + 1, space, '\n', '\n' + 1, space | line_end, 0xE9, 0xEA, letter | word};
    description.combining = {0x300, 0x315, 230, 0x316, 0x31A, 220};
    description.decompositions = {0xE9, 2, 'e', 0x301, 0x212B, 1, 0xC5};
    description.compositions = {'e', 0x301, 0xE9};
    description.lowercase = {0xC9, 1, 0xE9, 0x130, 2, 'i', 0x307};
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
    Integers * const parts[] = {&description.ends, &description.ids, &description.merges, &description.model,
                                &description.byte_tokens, &description.added, &description.normalizer, &description.cuts,
                                &description.before, &description.after, &description.classes, &description.combining,
                                &description.decompositions, &description.compositions, &description.lowercase};
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

}  // namespace

QRAG_TEST(tokenizer_survives_damaged_descriptions) {
    std::mt19937 random(1);
    int refused = 0, accepted = 0;
    for (int round = 0; round < 1000; round++) {
        TokenizerDescription description = small_description();
        for (uint32_t changes = 1 + random() % 3; changes > 0; changes--) damage(description, random);
        try {
            Tokenizer tokenizer(std::move(description));
            for (const std::string & text : awkward_texts()) encoded(tokenizer, text);
            for (int32_t id = -1; id < 50; id++) tokenizer.token(id);
            accepted++;
        } catch (const Error & error) {
            check(error.code == Code::input_invalid, error.what());
            refused++;
        }
    }
    check(refused > 100 && accepted > 100, "both happen often: " + std::to_string(refused) + " refused");
}

QRAG_TEST(tokenizer_takes_any_bytes_for_a_text) {
    std::mt19937 random(2);
    Tokenizer tokenizer(small_description());
    for (int round = 0; round < 20000; round++) {
        std::string text(random() % 40, ' ');
        for (char & byte : text) byte = static_cast<char>(random() % 4 == 0 ? 'a' + random() % 3 : random());
        const Integers ids = encoded(tokenizer, text);
        check(ids == encoded(tokenizer, text), "the same ids again");
        check(ids.size() >= 3 && ids.front() == 0 && ids.back() == 2, "ids around every text");
    }
}

QRAG_TEST(tokenizer_merges_a_long_word) {
    TokenizerDescription description = small_description();
    description.normalizer.clear();
    description.cuts.clear();
    description.model = {-1, 0, 0, -1, -1};
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
