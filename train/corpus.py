"""The text: passages, pairs and unanswerable questions of QRAG_DATA, and which of it trains, develops or judges."""

import gzip
import json
import os
import re
from pathlib import Path

TRAIN, DEVELOPMENT, TEST = "train", "development", "test"
# Whole files of another origin than what trains: one group to choose and fit by, one to judge by.
HELD = {
    DEVELOPMENT: ("veterans-benefits", "public-domain-recipes", "openstax-psychology", "vue-docs", "rust-book", "qed-dev"),
    TEST: ("medquad", "redis-docs", "fairytaleqa", "openstax-principles-finance", "nq-open-gold", "conditionalqa-evidence",
           "open-faqs", "stackexchange-small", "world-factbook"),
}  # fmt: skip
# Articles of squad2-dev, the one set whose near misses people wrote, that are held; the other articles train.
HELD_ARTICLES = {
    DEVELOPMENT: ("Kenya", "Nikola Tesla", "Packet switching"),
    TEST: ("Immune system", "Black Death", "Scottish Parliament", "Huguenot", "Amazon rainforest"),
}
# Rows of a held source stand in other files too.
HELD_ROWS = ("google-research-datasets/QED", "nelson-liu/lost-in-the-middle")
SENTENCE_ENDS = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n+")


def data_folder():
    return Path(os.environ.get("QRAG_DATA", Path(__file__).parents[2] / "shared" / "data"))


def read_lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def split_of(name, source, title):
    for split, files in HELD.items():
        if name in files:
            return split
    if name == "squad2-dev":
        return next((split for split, titles in HELD_ARTICLES.items() if title in titles), TRAIN)
    if name == "short-passages" and any(held in source for held in HELD_ROWS):
        return TEST
    return TRAIN


def sentences(text):
    """The sentences of a text, without the white space between them."""
    return [part.strip() for part in SENTENCE_ENDS.split(text) if part and part.strip()]


def read_corpus(folder, cap=None):
    """(passages, pairs, misses): lists of dicts; `positive` and `passage` are places in passages.

    Answers that stand in no passage join the passages. `cap` limits the passages of each file (whole documents go)."""
    passages, pairs, misses, numbers = [], [], [], {}

    def add(row, name, answer=False):
        title = row["title"]
        passages.append(
            {
                "id": row.get("id"),
                "text": row["text"].strip(),
                "title": title,
                "section": row["section"],
                "domain": row["domain"],
                "file": name,
                "document": f"{name}/{title}",
                "split": split_of(name, row["source"], title),
                "answer": answer,
            }
        )
        return len(passages) - 1

    for path in sorted((folder / "passages").glob("*.jsonl.gz")):
        name = path.name.split(".")[0]
        rows = read_lines(path)
        most = (cap or {}).get(name) or (cap or {}).get(name.split("-")[0]) or len(rows)
        kept, count = {}, 0
        for row in rows:  # documents spread over the file, until the cap is reached
            kept.setdefault(row["title"], []).append(row)
        documents = list(kept.values())
        step = max(1, round(len(rows) / most))
        order = [number for start in range(step) for number in range(start, len(documents), step)]
        for number in order:
            if count >= most:
                break
            for row in documents[number]:
                numbers[row["id"]] = add(row, name)
            count += len(documents[number])
    for path in sorted((folder / "pairs").glob("*.jsonl.gz")):
        name = path.name.split(".")[0]
        rows = read_lines(path)
        most = (cap or {}).get(f"{name}/pairs", len(rows))
        for row in rows[:: max(1, len(rows) // most)]:
            positive = numbers.get(row["positive"])
            if positive is None:
                if re.fullmatch(rf"{re.escape(name)}:\d+", row["positive"]):
                    continue  # its passage fell to the cap
                key = f"{name}/{row['positive']}"
                if key not in numbers:
                    title = row["positive"].split(":")[0][:60]
                    answer = {"title": title, "section": "", "text": row["positive"], "domain": row["domain"], "source": row["source"]}
                    numbers[key] = add(answer, name, answer=True)
                positive = numbers[key]
            pairs.append({"query": row["query"], "kind": row["kind"], "positive": positive, "file": name, "source": row["source"]})
    for path in sorted((folder / "unanswerable").glob("*.jsonl.gz")):
        for row in read_lines(path):
            if row["passage"] in numbers:
                passage = numbers[row["passage"]]
                misses.append(
                    {"query": row["query"], "passage": passage, "kind": row["kind"], "twin": row.get("twin", False), "file": passages[passage]["file"]}
                )
    return passages, pairs, misses
