"""Byte-level BPE, lower-cased: trained on the corpus, written as a Hugging Face tokenizer.json, encoded here the same way.

Text is lower-cased, runs of digits stand alone, and the rest is cut as GPT-2 cuts it.
"""

import heapq
import json
import re
from collections import Counter, defaultdict

DIGITS = re.compile(r"(\d+)")
PIECES = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def byte_letters():
    """The printable letter that stands for each byte in tokenizer.json."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in plain}
    for byte in range(256):
        letters.setdefault(byte, chr(256 + len(letters) - len(plain)))
    return letters


LETTERS = byte_letters()


def pieces(text):
    """The pieces of a text that merges never cross."""
    for part in DIGITS.split(text.lower()):
        if part and part[0].isdigit():
            yield part
        else:
            yield from PIECES.findall(part)


def as_letters(piece):
    return "".join(LETTERS[byte] for byte in piece.encode())


def train(texts, size):
    """The merges of a vocabulary of `size` tokens, most frequent pair first; ties go to the smaller pair."""
    counts = Counter(piece for text in texts for piece in pieces(text))
    words = [(list(as_letters(piece)), count) for piece, count in counts.items()]
    pairs, where = Counter(), defaultdict(set)
    for index, (symbols, count) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pairs[pair] += count
            where[pair].add(index)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    merges = []
    while heap and len(merges) < size - len(LETTERS):
        count, pair = heapq.heappop(heap)
        if -count != pairs[pair]:  # an old entry: the pair has become rarer since
            if pairs[pair] > 0:
                heapq.heappush(heap, (-pairs[pair], pair))
            continue
        if count == 0:
            break
        merges.append(pair)
        changed = set()
        for index in where.pop(pair):
            symbols, times = words[index]
            for old in zip(symbols, symbols[1:]):
                pairs[old] -= times
            symbols[:] = merged(symbols, pair)
            for new in zip(symbols, symbols[1:]):
                pairs[new] += times
                where[new].add(index)
                changed.add(new)
        for new in changed:
            heapq.heappush(heap, (-pairs[new], new))
    return merges


def merged(symbols, pair):
    result, index = [], 0
    while index < len(symbols):
        if index + 1 < len(symbols) and (symbols[index], symbols[index + 1]) == pair:
            result.append(pair[0] + pair[1])
            index += 2
        else:
            result.append(symbols[index])
            index += 1
    return result


def definition(merges):
    """The tokenizer.json with these merges."""
    vocabulary = [LETTERS[byte] for byte in range(256)] + [first + second for first, second in merges]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            ],
        },
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(vocabulary)},
            "merges": [f"{first} {second}" for first, second in merges],
        },
    }


class Tokenizer:
    """Encodes as the Hugging Face library does with the same file."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            model = json.load(file)["model"]
        self.vocabulary = model["vocab"]
        self.ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(model["merges"])}
        self.known = {}

    def __len__(self):
        return len(self.vocabulary)

    def encode(self, text):
        return [token for piece in pieces(text) for token in self.encode_piece(piece)]

    def encode_piece(self, piece):
        tokens = self.known.get(piece)
        if tokens is None:
            symbols = list(as_letters(piece))
            while len(symbols) > 1:
                pair = min(zip(symbols, symbols[1:]), key=lambda pair: self.ranks.get(pair, 1 << 30))
                if pair not in self.ranks:
                    break
                symbols = merged(symbols, pair)
            tokens = self.known[piece] = [self.vocabulary[symbol] for symbol in symbols]
        return tokens
