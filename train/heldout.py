"""Writes the sets that choose (dev) and judge (test), of text that trains nothing: python3 train/heldout.py --out DIR

DIR/dev/NAME.jsonl and DIR/test/NAME.jsonl hold rows: query, passage, label, domain, kind (positive, near-miss,
cross-domain). DIR/dev/folders and DIR/test/folders hold pseudo-folders, a question a line: query, answerable, passages
(the best five of BM25 and all-MiniLM, fused) and which of them answer."""

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np

from bm25 import Bm25
from corpus import DEVELOPMENT, HELD, TEST, data_folder, read_corpus, sentences
from queries import claim, keywords
from vectors import Vectors

QUERIES = 160  # of a set
FOLDERS = {
    DEVELOPMENT: ("veterans-benefits", "vue-docs", "openstax-psychology", "squad2-dev"),
    TEST: ("redis-docs", "open-faqs", "stackexchange-small", "conditionalqa-evidence", "squad2-dev"),
}
MADE_FROM = {DEVELOPMENT: ("openstax-psychology", "veterans-benefits", "rust-book"), TEST: ("openstax-principles-finance", "medquad", "world-factbook", "redis-docs")}
LABELLED = "squad2-dev", "fairytaleqa"  # their near misses are named in the data


def shown(row, query):
    """A passage under its headings, as splitters cut it."""
    headings = [part for part in (row["title"], row["section"]) if part and part.strip("?").lower() not in query.lower()]
    return (" > ".join(dict.fromkeys(headings)) + "\n" if headings and not row["answer"] else "") + row["text"]


class Source:
    """One file's held passages, its queries and what answers them."""

    def __init__(self, name, split, passages, pairs, misses):
        self.name = name
        places = [at for at, row in enumerate(passages) if row["file"] == name and row["split"] == split]
        moved = {old: new for new, old in enumerate(places)}
        self.passages = [passages[at] for at in places]
        self.answers, self.misses = defaultdict(set), defaultdict(set)
        self.kinds = {}
        for row in pairs:
            if row["positive"] in moved and "Disfl" not in row["source"]:
                self.answers[row["query"]].add(moved[row["positive"]])
                self.kinds[row["query"]] = row["kind"]
        for row in misses:
            if row["passage"] in moved and not row["twin"]:
                self.misses[row["query"]].add(moved[row["passage"]])
        self.index = Bm25([row["text"] for row in self.passages])
        self.documents = defaultdict(list)
        for number, row in enumerate(self.passages):
            self.documents[row["document"]].append(number)


def drawn(source, rng, most):
    """Queries, natural ones first, headings last."""
    order = {"question": 0, "howto": 1, "glossary": 2, "title": 3}
    queries = sorted(source.answers)
    rng.shuffle(queries)
    return sorted(queries, key=lambda query: order[source.kinds[query]])[:most]


def rows_of(source, queries, others, rng, labelled=False, title=0.5):
    """A query's answer, two near misses and, every other time, a passage of another domain."""
    rows = []
    scores = source.index.scores(queries)
    for at, query in enumerate(queries):
        answers = source.answers.get(query, set())
        number = rng.choice(sorted(answers)) if answers else None
        near = []
        if labelled:
            near = sorted(source.misses[query])
            rng.shuffle(near)
            near = near[:2]
        else:
            best = [int(place) for place in np.argsort(-scores[at])[:12] if place not in answers]
            same = [place for place in best if source.passages[place]["document"] == source.passages[number]["document"]]
            near = same[:1] + [place for place in best if place not in same[:1]][: 2 - len(same[:1])]
        framed = rng.random() < title

        def add(row, label, kind):
            text = shown(row, query) if framed else row["text"]
            rows.append({"query": query, "passage": text, "label": label, "domain": row["domain"], "kind": kind})

        if number is not None:
            add(source.passages[number], 1, "positive")
        for place in near:
            add(source.passages[place], 0, "near-miss")
        if at % 2 == 0:
            add(rng.choice(rng.choice(others).passages), 0, "cross-domain")
    return rows


def made(sources, kind, rng):
    """Claims or keywords out of held passages, with the BM25 near misses of their file."""
    rows = []
    for source in sources:
        others = [other for other in sources if other is not source]
        whole = [at for at, row in enumerate(source.passages) if not row["answer"] and len(row["text"].split()) >= 40]
        for number in rng.sample(whole, QUERIES // len(sources)):
            text = source.passages[number]["text"]
            said = [part for part in sentences(text) if 8 <= len(part.split()) <= 40]
            if kind == "claims" and not said:
                continue
            query = claim(rng.choice(said), rng) if kind == "claims" else keywords(source.passages[number], source.index.rarity_of, rng)
            source.answers[query] = {number}
            rows += rows_of(source, [query], others, rng)
            del source.answers[query]
    return rows


def folder(source, vectors, rng, passages=160, questions=30):
    """Half of the questions have had every passage that answers them taken out of the folder."""
    asked = drawn(source, rng, 2 * questions)
    chosen = set()
    for number in set().union(*(source.answers[query] for query in asked)):
        document = source.documents[source.passages[number]["document"]]
        chosen |= set(document) if len(document) < 12 else {number}
    removed = set().union(*(source.answers[query] for query in asked[1::2]))
    rest = [at for at in range(len(source.passages)) if at not in chosen and not source.passages[at]["answer"]]
    chosen |= set(rng.sample(rest, max(0, min(len(rest), passages - len(chosen)))))
    held = sorted(chosen - removed)
    texts = [shown(source.passages[at], "") for at in held]
    return searched(texts, [source.passages[at] for at in held], asked, [[at for at, number in enumerate(held) if number in source.answers[query]] for query in asked], vectors)


def searched(texts, rows, asked, answers, vectors, best=5):
    """A line a question: the best passages of BM25 and all-MiniLM by reciprocal ranks."""
    told = vectors.of(texts).astype(np.float32)
    near = vectors.of(asked, queries=True).astype(np.float32) @ told.T
    lexical = Bm25(texts).scores(asked)
    lines = []
    for row, query in enumerate(asked):
        ranks = sum(1 / (60 + np.argsort(np.argsort(-scores[row]))) for scores in (near, lexical))
        top = np.argsort(-ranks)[:best]
        right = set(answers[row])
        lines.append({"query": query, "answerable": bool(right), "passages": [shown(rows[at], query) for at in top], "answers": [int(at) in right for at in top]})
    return lines


def asked_folders(passages, vectors):
    """{name: lines} of asked.jsonl: questions written for a few pages, half of which the pages do not answer."""
    numbers = {row["id"]: number for number, row in enumerate(passages) if row["id"]}
    folders = []
    for line in (Path(__file__).parent / "asked.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "folder" in row:
            folders.append((row["folder"], [passages[numbers[name]] for name in row["passages"]], row["passages"], []))
        else:
            folders[-1][3].append(row)
    return {
        f"asked-{name}": searched([shown(row, "") for row in rows], rows, [row["query"] for row in asked], [[ids.index(at) for at in row["answers"]] for row in asked], vectors)
        for name, rows, ids, asked in folders
    }


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(path, len(rows), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    passages, pairs, misses = read_corpus(data_folder())
    vectors = Vectors(options.out, "minilm")
    for split, place in ((DEVELOPMENT, "dev"), (TEST, "test")):
        rng = random.Random(7 if split == TEST else 5)
        sources = {name: Source(name, split, passages, pairs, misses) for name in (*HELD[split], "squad2-dev")}
        for name, source in sources.items():
            others = [other for other in sources.values() if other.passages[0]["domain"] != source.passages[0]["domain"]]
            labelled = name in LABELLED
            queries = drawn(source, rng, QUERIES)
            if labelled:
                queries = sorted(query for query in source.misses)
                queries = rng.sample(queries, 2 * QUERIES)
            write(options.out / place / f"{name}.jsonl", rows_of(source, queries, others, rng, labelled))
        for kind in ("claims", "keywords"):
            write(options.out / place / f"{kind}.jsonl", made([sources[name] for name in MADE_FROM[split]], kind, rng))
        if split == DEVELOPMENT:
            for name, lines in asked_folders(passages, vectors).items():
                write(options.out / place / "folders" / f"{name}.jsonl", lines)
        for name in FOLDERS[split]:
            write(options.out / place / "folders" / f"{name}.jsonl", folder(sources[name], vectors, rng))


if __name__ == "__main__":
    main()
