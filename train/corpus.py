"""The text: passages and pairs of QRAG_DATA, split by source document into training, validation and test."""

import gzip
import hashlib
import json
import os
import re
from pathlib import Path

TRAIN, VALIDATION, TEST = 0, 1, 2
SENTENCE_ENDS = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n+")


def data_folder():
    return Path(os.environ.get("QRAG_DATA", Path(__file__).parents[2] / "shared" / "data"))


def read_lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def split_of(document):
    """One document in a hundred validates, two in a hundred test; the document's name alone decides."""
    number = int.from_bytes(hashlib.sha256(document.encode()).digest()[:4], "little") % 100
    return VALIDATION if number == 0 else TEST if number < 3 else TRAIN


def sentences(text):
    """The sentences of a text, each with the white space before it, so that they join to the text."""
    starts = [0] + [match.end() for match in SENTENCE_ENDS.finditer(text)]
    cuts = []
    for start in starts:
        while start > 0 and text[start - 1].isspace():
            start -= 1
        if not cuts or start > cuts[-1]:
            cuts.append(start)
    return [text[start:end] for start, end in zip(cuts, cuts[1:] + [len(text)])]


def read_corpus(folder):
    """(passages, pairs): dicts as in the files, plus `document`, `group` (the section) and `split`.

    A pair's `positive` becomes the number of its passage; answers that stand in no passage join the passages."""
    passages, pairs, numbers = [], [], {}

    def add(row, name, answer=False):
        document = f"{name}/{row['title']}"
        passages.append(
            {
                "text": row["text"].strip(),
                "title": row["title"],
                "section": row["section"],
                "domain": row["domain"],
                "file": name,
                "document": document,
                "group": f"{document}/{row['section']}",
                "split": split_of(document),
                "answer": answer,
            }
        )
        return len(passages) - 1

    for path in sorted((folder / "passages").glob("*.jsonl.gz")):
        for row in read_lines(path):
            numbers[row["id"]] = add(row, path.name.split(".")[0])
    for path in sorted((folder / "pairs").glob("*.jsonl.gz")):
        name = path.name.split(".")[0]
        for row in read_lines(path):
            positive = numbers.get(row["positive"])
            if positive is None:
                title = row["positive"].split(":")[0][:60]
                key = f"{name}/{row['positive']}"
                if key not in numbers:
                    answer = {"title": title, "section": "", "domain": row["domain"], "text": row["positive"]}
                    numbers[key] = add(answer, name, answer=True)
                positive = numbers[key]
            pairs.append({"query": row["query"], "kind": row["kind"], "positive": positive})
    return passages, pairs
