"""Queries, their near misses and the embedders' vectors, once: python3 train/prepare.py --out DIR"""

import argparse
import hashlib
import json
import pickle
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from bm25 import Bm25
from corpus import TRAIN, data_folder, read_corpus, sentences
from queries import claim, keywords
from vectors import Vectors

# Most passages (or pairs) of a file: what two cores embed and read in an hour.
CAPS = {
    "openstax": 380, "openstax-anatomy-physiology": 500, "python-peps": 600, "kubernetes-docs": 2400, "powershell-docs": 1800,
    "rocky-linux-docs": 1300, "go-website": 1200, "dive-into-deep-learning": 700, "afriqa-english": 2600, "tldr": 1200, "tldr/pairs": 1500,
}  # fmt: skip
MADE = 9000  # claims, and as many keyword queries
# How much nearer to a query than its answer (in all-MiniLM's cosine) a passage may be and still be a near miss. Across
# Wikipedia's articles hardly anything else answers; headings and keywords are answered in many places.
NEARER = {"question": 0.08, "claim": 0.0, "keywords": -0.08, "written": -0.03}
ELSEWHERE = -0.03
WIKIPEDIA = ("squad2-dev", "tydiqa-english", "boolq-dev", "afriqa-english", "condaqa", "qamr-wiki", "short-passages")


def collect(rng):
    """(passages, queries, index): the training part. A query: text, kind, file, positives, misses (proved), sentence (of a
    claim), unsure (of a written one: passages that may answer it)."""
    everything, pairs, misses = read_corpus(data_folder(), CAPS)
    places = [number for number, row in enumerate(everything) if row["split"] == TRAIN]
    moved = {old: new for new, old in enumerate(places)}
    passages = [everything[old] for old in places]
    found = {}

    def query(row):
        return found.setdefault((row["file"], row["query"]), {"text": row["query"], "file": row["file"], "kind": row["kind"], "positives": [], "misses": []})

    for row in pairs:
        if row["positive"] in moved:
            query(row)["positives"].append(moved[row["positive"]])
    for row in misses:
        if row["passage"] in moved and not row["twin"]:
            query(row)["misses"].append(moved[row["passage"]])
    queries = list(found.values()) + written(passages)
    index = Bm25([row["text"] for row in passages])
    whole = [number for number, row in enumerate(passages) if not row["answer"] and len(row["text"].split()) >= 30]
    for kind in ("claim", "keywords"):
        for number in rng.sample(whole, MADE):
            row = passages[number]
            said = [part for part in sentences(row["text"]) if 7 <= len(part.split()) <= 40 and part[-1] in ".!?"]
            if kind == "claim" and said:
                sentence = rng.choice(said)
                queries.append({"text": claim(sentence, rng), "file": row["file"], "kind": kind, "positives": [number], "misses": [], "sentence": sentence})
            elif kind == "keywords":
                text = keywords(row, index.rarity_of, rng)
                if text:
                    queries.append({"text": text, "file": row["file"], "kind": kind, "positives": [number], "misses": []})
    return passages, queries, index


def written(passages):
    """The questions of written.jsonl, each with the passages of its page that answer it and those that do not."""
    numbers, queries = {row["id"]: number for number, row in enumerate(passages) if row["id"]}, []
    for line in (Path(__file__).parent / "written.jsonl").read_text(encoding="utf-8").splitlines():
        page = json.loads(line)
        places = [numbers.get(name) for name in page["passages"]]  # CAPS leaves some out
        for asked in page["questions"]:
            positives, unsure = ([places[at] for at in asked.get(key, [])] for key in ("answers", "unsure"))
            misses = [at for at in places if at is not None and at not in positives + unsure]
            if misses and None not in positives:
                unsure = [at for at in unsure if at is not None]
                queries.append({"text": asked["query"], "file": passages[misses[0]]["file"], "kind": "written", "positives": positives, "misses": misses, "unsure": unsure})
    return queries


def near(scores, most):
    return torch.topk(torch.from_numpy(scores), min(most, scores.shape[1])).indices.numpy()


def mine(passages, queries, index, asked, told):
    """Adds to each query `near`: {"document": [...], "file": [...], "all": [...]}, the hardest first, cleaned."""
    documents, files = defaultdict(list), defaultdict(list)
    for number, row in enumerate(passages):
        documents[row["document"]].append(number)
        files[row["file"]].append(number)
    told = told.astype(np.float32)
    by_file = defaultdict(list)
    for number, row in enumerate(queries):
        by_file[row["file"]].append(number)
    for name, numbers in by_file.items():
        inside = np.array(files[name])
        for start in range(0, len(numbers), 512):
            part = numbers[start : start + 512]
            vectors = asked[part].astype(np.float32)
            everywhere = vectors @ told.T
            lexical = index.scores([queries[number]["text"] for number in part])
            closest, worded = near(everywhere, 12), near(lexical, 10)
            own = inside[near(everywhere[:, inside], 12)]
            own_worded = inside[near(lexical[:, inside], 6)]
            for row, number in enumerate(part):
                query = queries[number]
                known = {*query["positives"], *query["misses"], *query.get("unsure", [])}
                cosines = everywhere[row]
                best = max((cosines[at] for at in query["positives"]), default=1.0)
                allowed = best + (NEARER.get(query["kind"], ELSEWHERE) if query["kind"] != "question" or name in WIKIPEDIA else ELSEWHERE)
                titles = {passages[at]["document"] for at in query["positives"] + query["misses"]}
                same = [at for title in titles for at in documents[title]] if len(titles) < 4 else []
                same = sorted(same, key=lambda at: -cosines[at])[:6]

                def clean(candidates, limit):
                    return [int(at) for at in dict.fromkeys(candidates) if at not in known and cosines[at] < limit][:8]

                query["near"] = {
                    "document": clean([at for at in same if not passages[at]["answer"]], min(allowed, best + 0.02)),
                    "file": clean([at for pair in zip(own[row], np.resize(own_worded[row], own.shape[1])) for at in pair], allowed),
                    "all": clean([at for pair in zip(closest[row], np.resize(worded[row], closest.shape[1])) for at in pair], allowed),
                }


def relabel(passages, queries):
    """Puts the mined near misses that were read again where they belong: answers to the answers, others to the proved ones."""
    labels = dict(line.split() for line in (Path(__file__).parent / "relabelled.txt").read_text(encoding="utf-8").splitlines())
    for query in queries:
        mined = query["near"].values()
        for at in {at for found in mined for at in found}:
            label = labels.get(pair_key(query["text"], passages[at]["text"]))
            if label:
                for found in mined:
                    found[:] = [other for other in found if other != at]
            if label in ("0", "1"):
                query["positives" if label == "1" else "misses"].append(at)


def pair_key(query, passage):
    return hashlib.sha1(f"{query}\0{passage}".encode()).hexdigest()[:12]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    passages, queries, index = collect(random.Random(options.seed))
    print(len(passages), "passages", len(queries), "queries", flush=True)
    vectors = Vectors(options.out, "minilm")
    told = vectors.of([row["text"] for row in passages], tell=print)
    asked = vectors.of([row["text"] for row in queries], queries=True, tell=print)
    mine(passages, queries, index, asked, told)
    relabel(passages, queries)
    with open(options.out / "prepared.pickle", "wb") as file:
        pickle.dump({"passages": passages, "queries": queries}, file)
    for place in ("document", "file", "all"):
        print(place, sum(len(row["near"][place]) for row in queries))


if __name__ == "__main__":
    main()
