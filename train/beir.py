"""Writes small retrieval sets in BEIR's format out of text that trains nothing: python3 train/beir.py --out DIR

DIR/NAME has corpus.jsonl, queries.jsonl and qrels/test.tsv, for `qrag eval --beir DIR/NAME --retrieve store`. Queries are
questions of the pairs (headings are none), each with the passages that answer it. To others every passage that answers
them has been taken out of the corpus; their line in the judgements names a passage of the same file, with grade 0."""

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

from corpus import TEST, data_folder, read_corpus

SOURCES = ("fairytaleqa", "nq-open-gold", "medquad", "stackexchange-small", "openstax-principles-finance")
ASKED = ("question", "howto", "glossary")


def write_set(folder, name, passages, pairs, sizes):
    rng = random.Random(f"{name} 5")
    own = [number for number, row in enumerate(passages) if row["file"] == name and row["split"] == TEST]
    if not own:
        raise SystemExit(f"{name} has no text that is kept from training")
    held = set(own)
    answers = defaultdict(set)
    for row in pairs:
        if row["kind"] in ASKED and row["positive"] in held:
            answers[row["query"]].add(row["positive"])
    queries = sorted(answers)
    rng.shuffle(queries)
    answerable = queries[: sizes.queries]
    found = set().union(*(answers[query] for query in answerable))
    others = [query for query in queries[sizes.queries :] if not answers[query] & found][: sizes.unanswerable]
    removed = set().union(*(answers[query] for query in others))
    rest = [number for number in own if number not in found and number not in removed]
    rng.shuffle(rest)
    corpus = sorted(found | set(rest[: max(0, sizes.passages - len(found))]))
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    own_queries = defaultdict(set)
    for query, numbers in answers.items():
        for number in numbers:
            own_queries[number].add(plain(query))

    def document(number):
        row = passages[number]
        # A title that is the question would be found by its own words; that of an answer is made up of its beginning.
        told = row["answer"] or plain(row["title"]) in own_queries[number]
        return {"_id": f"d{number}", "title": "" if told else row["title"], "text": row["text"]}

    write_lines(folder / "corpus.jsonl", (document(number) for number in corpus))
    write_lines(folder / "queries.jsonl", ({"_id": f"q{at}", "text": query} for at, query in enumerate(answerable + others)))
    lines = ["query-id\tcorpus-id\tscore"]
    lines += [f"q{at}\td{number}\t1" for at, query in enumerate(answerable) for number in sorted(answers[query])]
    lines += [f"q{len(answerable) + at}\td{rng.choice(corpus)}\t0" for at in range(len(others))]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{name}: {len(corpus)} passages, {len(answerable)} questions with an answer, {len(others)} without")


def plain(text):
    return text.strip(" ?.!").lower()


def write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sources", nargs="+", default=SOURCES)
    parser.add_argument("--passages", type=int, default=1200)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--unanswerable", type=int, default=40)
    args = parser.parse_args()
    passages, pairs, _ = read_corpus(data_folder())
    for name in args.sources:
        write_set(args.out / name, name, passages, pairs, args)


if __name__ == "__main__":
    main()
