"""Makes the gate of a run: fits the three rows' weights on the development sets and writes a Hugging Face folder.

    python3 train/fit.py --run RUN --sets DIR --out FOLDER"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from judge import Judge, outputs, save, tokenizer
from measure import folder_judged, judged, outputs_of, read_sets

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
FOLDERS = 0.4  # what the folders count beside the sets


def goodness(scores, sets, folders):
    found = [judged(scores[name], rows) for name, rows in sets.items()]
    return (1 - FOLDERS) * np.mean([row["accuracy"] + (row["other"] - 1) for row in found]) + FOLDERS * np.mean([folder_judged(scores[name], rows)["mean"] for name, rows in folders.items()])


def fit(said, sets, folders):
    """[w0, w1, w2, b] that is best on the sets, and how good."""
    best = (-1.0, None)
    for first in STEPS:
        for second in STEPS if np.abs(np.concatenate(list(said.values()))[:, 2]).std() > 0.05 else (0.0,):
            weights = np.array([1.0, first, second])
            for bias in np.arange(-3, 3.01, 0.2):
                found = goodness({name: values @ weights + bias for name, values in said.items()}, sets, folders)
                if found > best[0]:
                    best = (found, [*weights.tolist(), float(bias)])
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--sets", type=Path, required=True, help="the folder that heldout.py wrote")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(2)
    model, words = Judge(), tokenizer(512)
    model.load_state_dict(torch.load(options.run / "averaged.pt"))
    sets, folders = read_sets(options.sets / "dev")
    folders = {f"folder {name}": rows for name, rows in folders.items()}
    said = outputs_of({**sets, **folders}, lambda pairs: outputs(model, words, pairs))
    np.savez(options.run / "dev-outputs.npz", **said)
    alone = max((goodness({name: values[:, 0] + bias for name, values in said.items()}, sets, folders), bias) for bias in np.arange(-3, 3.01, 0.2))
    found, weights = fit(said, sets, folders)
    print(json.dumps({"margin alone": alone, "with the cosines": found, "weights": weights}))
    save(model, weights, options.out)


if __name__ == "__main__":
    main()
