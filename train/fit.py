"""Makes the gate of one run or of several: fits the three rows' weights on the development sets and writes a Hugging Face
folder.

    python3 train/fit.py --run RUN --sets DIR --out FOLDER

A run with an exit gives, --as-trained, early_exit.json beside it, for qrag convert --early-exit."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from judge import judge_with, outputs, save, tokenizer, weights_of
from measure import folder_judged, judged, outputs_of, read_sets

BELOWS = (-1.0, -1.5, -2.0, -2.5, -3.0, -4.0)
STEPS = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0)
FOLDERS = 0.4  # what the folders count beside the sets
# Headings of veterans-benefits, vue-docs and rust-book are answered by several passages of their pages, of which one is
# labelled: no line is right on them.
LEFT_OUT = ("veterans-benefits", "vue-docs", "rust-book")


class Goodness:
    """How good scores are at 0: accuracy on the sets, less what other domains lose, and kept and refused on the folders."""

    def __init__(self, sets, folders):
        self.sets = {name: (np.array([row["label"] == 1 for row in rows]), np.array([row["kind"] == "cross-domain" for row in rows])) for name, rows in sets.items()}
        self.folders = folders

    def of(self, scores):
        found = []
        for name, (labels, far) in self.sets.items():
            wrong = (scores[name] > 0) != labels
            found.append(1 - wrong[~far].mean() - (wrong[far].mean() if far.any() else 0))
        return (1 - FOLDERS) * np.mean(found) + FOLDERS * np.mean([folder_judged(scores[name], rows)["mean"] for name, rows in self.folders.items()])


def fit(said, goodness, rows):
    """(how good, [w0, w1, w2, b]) of the best sum of the first `rows` rows."""
    best = (-1.0, None)
    for first in STEPS:
        for second in STEPS if rows > 2 else (0.0,):
            weights = np.array([1.0, first, second])
            summed = {name: values @ weights for name, values in said.items()}
            for bias in np.arange(-3, 3.01, 0.1):
                found = goodness.of({name: values + bias for name, values in summed.items()})
                if found > best[0]:
                    best = (found, [*weights.tolist(), float(bias)])
    return best


def with_exit(margins, guesses, below):
    return np.where(guesses < below, guesses, margins)


def write_exit(model, bias, below, folder):
    row = model.exit
    text = json.dumps({"blocks": model.exit_block, "below": below, "weight": row.weight[0].tolist(), "bias": row.bias.item() + bias})
    (folder / "early_exit.json").write_text(text + "\n")


def mean_of(runs, shares):
    shares = shares or [1.0] * len(runs)
    exits = {int(run.get("exit.block", 0)) for run in runs}
    assert len(exits) == 1, f"runs with exits after {exits} layers"
    return {name: runs[0][name] if name == "exit.block" else sum(run[name] * share for run, share in zip(runs, shares, strict=True)) / sum(shares) for name in runs[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, nargs="+", help="runs, or gates' GGUFs; several: the mean of their weights")
    parser.add_argument("--shares", type=float, nargs="+", help="of each of several in the mean; default: equal ones")
    parser.add_argument("--as-trained", action="store_true", help="leave the line where training put it, and the other rows out")
    parser.add_argument("--bias", type=float, default=0.0, help="with --as-trained: what is added to the margin")
    parser.add_argument("--below", type=float, default=-2.5, help="which guesses of an exit are taken; with --as-trained")
    parser.add_argument("--sets", type=Path, required=True, help="the folder that heldout.py wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=2, help="of the head that were taught: 2 with all-MiniLM's cosine, 3 with bge's too")
    parser.add_argument("--most", type=int, default=10000, help="rows of a set that are read")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, words = judge_with(mean_of([weights_of(run) for run in options.run], options.shares)), tokenizer(512)
    sets, folders = read_sets(options.sets / "dev")
    sets = {name: rows[: options.most] for name, rows in sets.items() if name not in LEFT_OUT}
    folders = {f"folder {name}": rows for name, rows in folders.items() if name not in LEFT_OUT}
    everything = outputs_of({**sets, **folders}, lambda pairs: outputs(model, words, pairs))
    said = {name: values[:, :3] for name, values in everything.items()}
    goodness = Goodness(sets, folders)
    alone = max((goodness.of({name: values[:, 0] + bias for name, values in said.items()}), bias) for bias in np.arange(-3, 3.01, 0.1))
    found, weights = fit(said, goodness, options.rows)
    trained = goodness.of({name: values[:, 0] for name, values in said.items()})
    if options.as_trained:
        weights = [1.0, 0.0, 0.0, options.bias]
    margins = {name: values @ np.array(weights[:3]) + weights[3] for name, values in said.items()}
    for name, rows in {**sets, **folders}.items():
        scores = margins[name]
        print(name, json.dumps(folder_judged(scores, rows) if name in folders else judged(scores, rows)))
    print(json.dumps({"margin alone": alone, "with the cosines": found, "as trained": trained, "weights": weights}))
    save(model, weights, options.out)
    if model.exit_block and options.as_trained:
        guesses = {name: values[:, 3] + weights[3] for name, values in everything.items()}
        for below in BELOWS:
            left = np.mean(np.concatenate(list(guesses.values())) < below)
            found = goodness.of({name: with_exit(margins[name], guesses[name], below) for name in margins})
            print(json.dumps({"below": below, "left": float(left), "good": found}))
        write_exit(model, weights[3], options.below, options.out)


if __name__ == "__main__":
    main()
