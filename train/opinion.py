"""Fits the second opinion of a gate on the development sets: python3 train/opinion.py --gate FOLDER --sets DIR

Where a margin m is nearer to 0 than `within`, (1 - (m / within)^2) * weight * (cosine - centre) is added to it; the cosine
is all-MiniLM's. Prints how good each choice is, on the mean over lines from -.3 to .3, since single lines are noise."""

import argparse
from pathlib import Path

import numpy as np
import torch
from transformers import BertForSequenceClassification

from fit import LEFT_OUT, Goodness
from judge import tensors, tokenizer
from measure import baselines, folder_judged, judged, outputs_of, read_sets
from products import products

LINES = np.arange(-0.3, 0.31, 0.1)
WITHIN = (1.5, 2.0, 3.0, 1e9)  # the last: everywhere
WEIGHTS = (0.0, 2.0, 3.0, 4.0, 6.0, 10.0)
CENTRES = np.arange(0.40, 0.66, 0.02)


def margins_of(folder, pairs, budget=8192):
    model, words = BertForSequenceClassification.from_pretrained(folder).eval(), tokenizer(512)
    encoded = words.encode_batch(pairs)
    order = sorted(range(len(pairs)), key=lambda at: -len(encoded[at].ids))
    result, at = np.zeros(len(pairs), np.float32), 0
    while at < len(order):
        part = order[at : at + max(1, budget // len(encoded[order[at]].ids))]
        at += len(part)
        ids, types, mask = tensors([encoded[number] for number in part])
        with torch.no_grad(), products():
            logits = model(ids, token_type_ids=types, attention_mask=mask).logits.float()
        result[part] = (logits[:, 1] - logits[:, 0]).numpy()
    return result


def revised(margins, cosines, weight, centre, within):
    return margins + np.maximum(0, 1 - (margins / within) ** 2) * weight * (cosines - centre)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gate", type=Path, required=True, help="a folder that fit.py wrote")
    parser.add_argument("--sets", type=Path, required=True, help="the folder that heldout.py wrote")
    options = parser.parse_args()
    sets, folders = read_sets(options.sets / "dev")
    sets = {name: rows for name, rows in sets.items() if name not in LEFT_OUT}
    folders = {f"folder {name}": rows for name, rows in folders.items() if name not in LEFT_OUT}
    everything = {**sets, **folders}
    goodness = Goodness(sets, folders)
    margins = outputs_of(everything, lambda pairs: margins_of(options.gate, pairs))
    cosines = {name: baselines(options.sets, name, rows, ("minilm",))["minilm"] for name, rows in everything.items()}
    unsure = {within: np.mean([np.mean(np.abs(margins[name]) < within) for name in sets]) for within in WITHIN}
    for within in WITHIN:
        for weight in WEIGHTS:
            found = []
            for centre in CENTRES:
                moved = {name: revised(margins[name], cosines[name], weight, centre, within) for name in everything}
                smooth = np.mean([goodness.of({name: values + line for name, values in moved.items()}) for line in LINES])
                found.append((smooth, centre, moved))
            smooth, centre, moved = max(found, key=lambda each: each[0])
            area = np.mean([judged(moved[name], rows)["area"] for name, rows in sets.items()])
            kept = np.mean([folder_judged(moved[name], rows)["mean"] for name, rows in folders.items()])
            print(f"within {within:g} ({unsure[within]:.0%} of pairs), weight {weight:g}, centre {centre:.2f}: {smooth:.4f}, area {area:.4f}, folders {kept:.4f}")


if __name__ == "__main__":
    main()
