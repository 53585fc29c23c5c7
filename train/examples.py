"""What an embedder is tuned on: a query, an answer and a hard negative; and the queries that are kept aside to judge it.

Whatever a judged query is about stays out of training: the query, every document that answers it, and, in all sources,
every document of the same title."""

import hashlib
import json
import random
from collections import defaultdict

from heldout import shown
from retrieval import Searched

# Sources in which a part of the documents is kept aside. Their queries are judged among all passages of the source.
ASIDE = ("squad2-dev", "react-docs", "openstax-us-history", "openstax-contemporary-mathematics", "short-passages")
ASKED = ("question", "howto", "written")  # what people asked or wrote, not headings, terms or text cut out of passages
SHARES = {"claim": 0.35, "keywords": 0.35, "title": 0.5, "glossary": 0.35}  # of a query's weight; 1 where people asked


def aside(name, share):
    """The same of a name in every run."""
    return int.from_bytes(hashlib.sha1(name.encode()).digest()[:4], "big") < share * 2**32


class Prepared:
    """Examples out of what prepare.py has made of the training part of the corpus."""

    def __init__(self, prepared, share, most=120):
        self.passages, self.queries = prepared["passages"], prepared["queries"]
        titles = defaultdict(set)
        for row in self.passages:
            titles[row["file"]].add(row["title"])
        # A source under one title is divided by its passages.
        self.units = [row["title"] if len(titles[row["file"]]) > 20 else row["text"] for row in self.passages]
        held = {unit for row, unit in zip(self.passages, self.units) if row["file"] in ASIDE and aside(unit, share)}
        self.held = [unit in held for unit in self.units]
        self.sets = [self.searched(name, most) for name in ASIDE]
        judged = {query for each in self.sets for query in each.queries}
        self.groups = defaultdict(list)
        for query in self.queries:
            answers = query["positives"]
            if answers and not any(self.held[at] for at in answers) and query["text"] not in judged:
                self.groups[query["file"]].append(query)
        self.files = sorted(self.groups)
        self.weights = [sum(SHARES.get(query["kind"], 1.0) for query in self.groups[name]) ** 0.5 for name in self.files]

    def searched(self, name, most):
        places = [at for at, row in enumerate(self.passages) if row["file"] == name]
        moved = {old: new for new, old in enumerate(places)}
        answers = defaultdict(set)
        for query in self.queries:
            if query["file"] == name and query["kind"] in ASKED and query["positives"] and all(self.held[at] for at in query["positives"]):
                answers[query["text"]] |= {moved[at] for at in query["positives"] if at in moved}
        queries = sorted(query for query, places_of in answers.items() if places_of)
        random.Random(name).shuffle(queries)
        queries = queries[:most]
        return Searched(name, [shown(self.passages[at], "") for at in places], queries, [answers[query] for query in queries])

    def draw(self, rng):
        """(query, (key, positive), (key, negative), the keys of all that answers)."""
        while True:
            query = rng.choice(self.groups[rng.choices(self.files, self.weights)[0]])
            if rng.random() > SHARES.get(query["kind"], 1.0):
                continue
            places = [at for name in ("all", "file", "document") for at in query["near"][name]]
            wrong = [at for at in (query["misses"] if query["misses"] and rng.random() < 0.5 else places) if not self.held[at]]
            if not wrong:
                continue
            positive = rng.choice(query["positives"])
            negative = wrong[min(int(rng.expovariate(0.3)), len(wrong) - 1)]
            return query["text"], (positive, self.framed(positive, query, rng)), (negative, self.framed(negative, query, rng)), set(query["positives"])

    def framed(self, at, query, rng):
        row = self.passages[at]
        return shown(row, query["text"]) if rng.random() < 0.5 else row["text"]


class Mined:
    """Examples out of the triples of `qrag mine`. Those kept aside are judged among all passages of the triples, which
    is not the whole store: only differences between embedders mean something."""

    def __init__(self, paths, share):
        triples = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        held = {row["audit"]["positive"]["id"] for row in triples if aside(row["audit"]["positive"]["id"], share)}
        about = defaultdict(set)  # the documents that answer a query, in whichever triple
        for row in triples:
            about[row["query"]].add(row["audit"]["positive"]["id"])
        judged = {query for query, ids in about.items() if ids & held}
        held |= {name for query in judged for name in about[query]}
        texts = list(dict.fromkeys(row[side] for row in triples for side in ("positive", "negative")))
        places = {text: at for at, text in enumerate(texts)}
        self.answers = defaultdict(set)
        for row in triples:
            self.answers[row["query"]].add(places[row["positive"]])
        queries = sorted(judged)
        self.sets = [Searched("mined", texts, queries, [self.answers[query] for query in queries])]
        self.triples = [
            (row["query"], (places[row["positive"]], row["positive"]), (places[row["negative"]], row["negative"]))
            for row in triples
            if row["query"] not in judged and not {row["audit"][side]["id"] for side in ("positive", "negative")} & held
        ]

    def draw(self, rng):
        query, positive, negative = rng.choice(self.triples)
        return query, positive, negative, self.answers[query]
