"""Figures of scores: accuracy, area, best thresholds, folders; and the held-out sets with their baselines."""

import json
from pathlib import Path

import numpy as np

from bm25 import Bm25
from vectors import Vectors

BASELINES = ("bm25", "minilm", "bge")


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_sets(folder):
    """(sets, folders) by name."""
    return tuple({path.stem: read_rows(path) for path in sorted(place.glob("*.jsonl"))} for place in (folder, folder / "folders"))


def pairs_of(rows):
    """(query, passage) of a set's rows, or of a folder's lines, all five of each."""
    if "passages" in rows[0]:
        return [(line["query"], passage) for line in rows for passage in line["passages"]]
    return [(row["query"], row["passage"]) for row in rows]


def baselines(folder, name, rows, embedders=("minilm", "bge")):
    """{judge: scores of the pairs}. Vectors are kept in the folder; BM25's rarities come from the set itself."""
    pairs = pairs_of(rows)
    texts = list(dict.fromkeys(passage for _, passage in pairs))
    places = {text: at for at, text in enumerate(texts)}
    queries = list(dict.fromkeys(query for query, _ in pairs))
    asked = {query: at for at, query in enumerate(queries)}
    lexical = Bm25(texts).scores(queries, rarest=40)
    result = {"bm25": np.array([lexical[asked[query], places[passage]] for query, passage in pairs])}
    for embedder in embedders:
        vectors = Vectors(folder, embedder)
        told, said = vectors.of(texts).astype(np.float32), vectors.of(queries, queries=True).astype(np.float32)
        result[embedder] = np.array([float(said[asked[query]] @ told[places[passage]]) for query, passage in pairs])
    return result


def area(scores, labels):
    """The share of (positive, negative) pairs in the right order."""
    order = np.argsort(scores, kind="stable")
    _, inverse, counts = np.unique(scores[order], return_inverse=True, return_counts=True)
    ranks = np.empty(len(scores))
    ranks[order] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = labels.sum()
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / max(1, positives * (len(labels) - positives)))


def best_line(scores, labels):
    """(accuracy, threshold) at the best threshold of this set."""
    order = np.argsort(-scores)
    right = (labels == 0).sum() + np.cumsum(np.where(labels[order] == 1, 1, -1))
    ends = np.append(np.diff(scores[order]) != 0, True)
    best = np.argmax(np.where(ends, right, -1))
    return float(max(right[best], (labels == 0).sum()) / len(labels)), float(scores[order][best])


def judged(scores, rows, line=0.0):
    """Figures of a set; `near` leaves other domains out of accuracy and area."""
    labels = np.array([row["label"] for row in rows])
    kinds = np.array([row["kind"] for row in rows])
    said, near = scores > line, kinds != "cross-domain"
    return {
        "accuracy": float((said == (labels == 1))[near].mean()),
        "kept": float(said[labels == 1].mean()),
        "refused": float((~said)[kinds == "near-miss"].mean()),
        "other": float((~said)[~near].mean()) if (~near).any() else 1.0,
        "area": area(scores[near], labels[near]),
        "best": best_line(scores[near], labels[near])[0],
    }


def folder_judged(scores, lines, line=0.0):
    """Kept (the answer passes, of those retrieved) and refused (nothing passes where nothing answers)."""
    said = np.asarray(scores).reshape(len(lines), -1) > line
    answers = np.array([row["answers"] for row in lines])
    retrieved = answers.any(1)
    hopeless = np.array([not row["answerable"] for row in lines])
    kept, refused = (said & answers).any(1)[retrieved], (~said).all(1)[hopeless]
    return {"retrieved": int(retrieved.sum()), "kept": int(kept.sum()), "hopeless": int(hopeless.sum()), "refused": int(refused.sum()), "mean": float((kept.mean() + refused.mean()) / 2)}


def folder_best(scores, lines):
    return max((folder_judged(scores, lines, line) for line in np.unique(scores)), key=lambda found: found["mean"])


def table(sets, folders, scores, others):
    """Lines of a Markdown table: a set each, then the folders, then the means. `others`: {set: baselines' scores}."""
    lines = ["| set | rows | accuracy at 0 | kept | near misses refused | other domains refused | area | at its best line | BM25 best / area | MiniLM best / area | bge best / area |", "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    figures = []
    for name, rows in sets.items():
        found = judged(scores[name], rows)
        against = {judge: judged(values, rows) for judge, values in others[name].items()}
        figures.append((found, against))
        beside = " | ".join(f"{against[judge]['best']:.3f} / {against[judge]['area']:.3f}" if judge in against else "-" for judge in BASELINES)
        lines.append(f"| {name} | {len(rows)} | {found['accuracy']:.3f} | {found['kept']:.3f} | {found['refused']:.3f} | {found['other']:.3f} | {found['area']:.3f} | {found['best']:.3f} | {beside} |")
    mean = {key: np.mean([found[key] for found, _ in figures]) for key in figures[0][0]}
    beside = " | ".join(f"{np.mean([a[judge]['best'] for _, a in figures]):.3f} / {np.mean([a[judge]['area'] for _, a in figures]):.3f}" if judge in figures[0][1] else "-" for judge in BASELINES)
    spread = 1.96 * np.std([found["accuracy"] for found, _ in figures], ddof=1) / len(figures) ** 0.5
    lines.append(f"| mean | | {mean['accuracy']:.3f} ± {spread:.3f} | {mean['kept']:.3f} | {mean['refused']:.3f} | {mean['other']:.4f} | {mean['area']:.3f} | {mean['best']:.3f} | {beside} |")
    lines += ["", "| folder | retrieved | kept right | refused of unanswerable | mean | MiniLM at its best line | bge at its best line |", "|---|--:|--:|--:|--:|--:|--:|"]
    means = []
    for name, rows in folders.items():
        found = folder_judged(scores[name], rows)
        means.append(found["mean"])
        beside = " | ".join(f"{folder_best(others[name][judge], rows)['mean']:.3f}" if judge in others[name] else "-" for judge in BASELINES[1:])
        lines.append(f"| {name} | {found['retrieved']} | {found['kept']} | {found['refused']} of {found['hopeless']} | {found['mean']:.3f} | {beside} |")
    lines.append(f"| mean | | | | {np.mean(means):.3f} | | |")
    return lines


def outputs_of(everything, judge):
    """{name: judge's outputs} for sets and folders together."""
    names, pairs = [], []
    for name, rows in everything.items():
        some = pairs_of(rows)
        names.append((name, len(some)))
        pairs += some
    found, at, result = judge(pairs), 0, {}
    for name, size in names:
        result[name] = found[at : at + size]
        at += size
    return result
