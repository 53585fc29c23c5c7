"""Prepares training once: tokenizer, passages as tokens, queries with their mined negatives, rows to evaluate on.

    python3 train/prepare.py --out DIR [--vocabulary 16384] [--queries 2] [--processes 2]

writes DIR/tokenizer.json, DIR/prepared.npz (about 40 MB: everything training reads) and DIR/{validation,test}.jsonl.
"""

import argparse
import json
import random
from multiprocessing import Pool
from pathlib import Path

import numpy as np

import corpus
import mining
import tokenizer
from corpus import TEST, TRAIN, VALIDATION
from questions import noisy, query_from
from words import content_stems, stem, synonyms

LONGEST = 420  # tokens kept of a passage
LONGEST_QUERY = 48
COMMANDS = 9000  # of the 36,000 pairs about command lines, so that they do not outweigh the other domains
KINDS = ("glossary", "question", "title", "howto", "formed", "keywords", "span", "claim")


def choose_pairs(pairs, passages, rng):
    """All pairs, but only some of those about command lines; and the passages that are left."""
    commands = [pair for pair in pairs if passages[pair["positive"]]["file"] == "tldr"]
    rng.shuffle(commands)
    others = [pair for pair in pairs if passages[pair["positive"]]["file"] != "tldr"]
    pairs = others + commands[:COMMANDS]
    used = {pair["positive"] for pair in pairs}
    kept = [number for number, passage in enumerate(passages) if not passage["answer"] or number in used]
    renumbered = {old: new for new, old in enumerate(kept)}
    return [{**pair, "positive": renumbered[pair["positive"]]} for pair in pairs], [passages[number] for number in kept]


class Maker:
    """Everything that the processes share: they are forked, so it is built once."""

    def __init__(self, passages, pairs, per_passage):
        self.passages, self.per_passage = passages, per_passage
        self.cut = [corpus.sentences(passage["text"]) for passage in passages]
        self.stems = [[frozenset(content_stems(sentence)) for sentence in sentences] for sentences in self.cut]
        self.index = mining.Index([passage["text"] for passage in passages])
        self.groups = np.unique([passage["group"] for passage in passages], return_inverse=True)[1]
        self.split = np.array([passage["split"] for passage in passages], np.uint8)
        self.synonyms = synonyms()
        self.natural, self.asked = {}, {}
        for pair in pairs:
            self.natural.setdefault(pair["positive"], []).append(pair)
            self.asked.setdefault(pair["query"].lower(), set()).add(pair["positive"])

    def rarity(self, word):
        return self.index.rarity_of(stem(word))

    def weight(self, text):
        return sum(self.index.rarity_of(term) for term in content_stems(text))

    def best_sentence(self, number, query):
        """The sentence that holds most of the query, and whether the others hold little of it."""
        terms = set(content_stems(query))
        weight = lambda held: sum(self.index.rarity_of(term) for term in held)
        stems = self.stems[number]
        best = max(range(len(stems)), key=lambda at: weight(terms & stems[at]))
        rest = terms & frozenset().union(*stems[:best], *stems[best + 1 :])
        return best, weight(rest) < 0.5 * weight(terms)

    def queries(self, number):
        """The queries whose positive is this passage: (text, kind, sentence, removable, negatives)."""
        rng = random.Random(number)
        found = []
        for pair in self.natural.get(number, []):
            query = pair["query"] if self.split[number] != TRAIN else noisy(pair["query"], self.synonyms, rng, 0.08)
            best, removable = self.best_sentence(number, query)
            found.append((query, pair["kind"], best, removable, self.asked[pair["query"].lower()]))
        usable = [at for at, sentence in enumerate(self.cut[number]) if 6 <= len(sentence.split()) <= 60]
        rng.shuffle(usable)
        if not self.passages[number]["answer"]:
            for at in usable[: self.per_passage]:
                query, kind = query_from(self.cut[number][at].strip(), self.rarity, rng)
                query = noisy(query, self.synonyms, rng)
                if self.weight(query) >= 9:
                    found.append((query, kind, at, self.best_sentence(number, query)[1], set()))
        return [
            (query, kind, at, removable, mining.negatives(self.index, query, number, self.passages, self.groups, relevant, self.split))
            for query, kind, at, removable, relevant in found
        ]


MAKER = None


def work(numbers):
    return [(number, MAKER.queries(number)) for number in numbers]


def flat(lists, dtype):
    """One array of all values, and where each list starts."""
    starts = np.zeros(len(lists) + 1, np.uint32)
    starts[1:] = np.cumsum([len(values) for values in lists])
    return np.concatenate([np.array(values, dtype) for values in lists if len(values)]), starts


def pack(passages, cut, made, words):
    """The arrays of prepared.npz."""
    tokens, breaks = [], []
    for sentences in cut:
        ids, starts = [], []
        for sentence in sentences:
            encoded = words.encode(sentence if sentence[:1].isspace() else " " + sentence)
            if ids and len(ids) + len(encoded) > LONGEST:
                break
            starts.append(len(ids))
            ids += encoded[:LONGEST]
        tokens.append(ids[:LONGEST])
        breaks.append(starts)
    queries, about, negatives, kinds = [], [], [], []
    for number, entries in made:
        for query, kind, at, removable, misses in entries:
            queries.append(words.encode(" " + query)[:LONGEST_QUERY])
            about.append((number, KINDS.index(kind), min(at, len(breaks[number]) - 1), removable))
            negatives.append([row for row, _ in misses])
            kinds.append([sort for _, sort in misses])
    arrays = {}
    arrays["tokens"], arrays["token_starts"] = flat(tokens, np.uint16)
    arrays["breaks"], arrays["break_starts"] = flat(breaks, np.uint16)
    arrays["queries"], arrays["query_starts"] = flat(queries, np.uint16)
    arrays["about"] = np.array(about, np.int32)
    arrays["negatives"], arrays["negative_starts"] = flat(negatives, np.int32)
    arrays["negative_kinds"] = flat(kinds, np.uint8)[0]
    for name in ("document", "group", "domain"):
        arrays[name] = np.unique([passage[name] for passage in passages], return_inverse=True)[1].astype(np.int32)
    arrays["split"] = np.array([passage["split"] for passage in passages], np.uint8)
    return arrays


def rows(passages, made, split, rng, most=5):
    """Rows to evaluate on: for every query its passage, near misses, and passages of other domains."""
    numbers = [number for number, passage in enumerate(passages) if passage["split"] == split]
    for number, entries in made:
        if passages[number]["split"] != split:
            continue
        for query, kind, _, _, misses in entries:
            domain = passages[number]["domain"]
            others = [other for other in rng.sample(numbers, 8) if passages[other]["domain"] != domain][:2]
            misses = [row for row, sort in misses if sort == mining.MISSING][: most - 3]
            for row, label, role in [(number, 1, "positive")] + [(row, 0, "near-miss") for row in misses] + [(row, 0, "cross-domain") for row in others]:
                yield {"query": query, "passage": passages[row]["text"], "label": label, "kind": role, "domain": domain, "shape": kind}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, default=16384)
    parser.add_argument("--queries", type=int, default=2, help="made from each passage")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(1)
    passages, pairs = corpus.read_corpus(corpus.data_folder())
    pairs, passages = choose_pairs(pairs, passages, rng)
    print(f"{len(passages)} passages, {len(pairs)} pairs", flush=True)

    path = options.out / "tokenizer.json"
    texts = [passage["text"] for passage in passages if passage["split"] == TRAIN]
    texts += [pair["query"] for pair in pairs if passages[pair["positive"]]["split"] == TRAIN]
    path.write_text(json.dumps(tokenizer.definition(tokenizer.train(texts, options.vocabulary)), ensure_ascii=False), encoding="utf-8")
    words = tokenizer.Tokenizer(path)
    print("tokenizer", flush=True)

    global MAKER
    MAKER = Maker(passages, pairs, options.queries)
    print("index", flush=True)
    chunks = np.array_split(np.arange(len(passages)), 512)
    made = []
    with Pool(options.processes) as pool:
        for done, part in enumerate(pool.imap(work, [chunk.tolist() for chunk in chunks]), 1):
            made += part
            if done % 64 == 0:
                print(f"queries {done / 512:.0%}", flush=True)

    for name, split in (("validation", VALIDATION), ("test", TEST)):
        with open(options.out / f"{name}.jsonl", "w", encoding="utf-8") as file:
            for row in rows(passages, made, split, random.Random(2)):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    arrays = pack(passages, MAKER.cut, made, words)
    np.savez_compressed(options.out / "prepared.npz", **arrays)
    size = (options.out / "prepared.npz").stat().st_size / 1e6
    print(f"{len(arrays['about'])} queries, {len(arrays['tokens'])} tokens, {size:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
