"""Measures a gate on the held-out sets: python3 train/evaluate.py --gate FOLDER --sets DIR [--split test|dev]

Prints Markdown tables: the gate at margin 0 beside BM25, all-MiniLM and bge at the best line of each set, then what k
times all-MiniLM's cosine added to the margin would bring."""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification

from judge import tensors
from measure import baselines, folder_judged, judged, outputs_of, read_sets, table
from products import products


class Gate:
    def __init__(self, folder):
        config = BertConfig.from_pretrained(folder)
        config._attn_implementation = "eager"
        self.model = BertForSequenceClassification(config).eval()
        self.model.load_state_dict(load_file(folder / "model.safetensors"))
        self.words = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.words.enable_truncation(512)

    def margins(self, pairs, budget=8192):
        encoded = self.words.encode_batch(pairs)
        order = sorted(range(len(pairs)), key=lambda at: -len(encoded[at].ids))
        result, at = np.zeros(len(pairs)), 0
        while at < len(order):
            part = order[at : at + max(1, budget // len(encoded[order[at]].ids))]
            at += len(part)
            ids, types, mask = tensors([encoded[number] for number in part])
            with torch.no_grad(), products():
                logits = self.model(ids, token_type_ids=types, attention_mask=mask).logits.float()
            result[part] = (logits[:, 1] - logits[:, 0]).numpy()
        return result


def with_cosines(sets, folders, scores, others):
    """Lines that say what k (cosine - c) added to the margin brings, each k at its best c over all sets."""
    lines = ["| k | line | mean accuracy | mean area | folders |", "|--:|--:|--:|--:|--:|"]
    for k in (0, 2, 4, 7, 10, 15):
        best = None
        for line in np.arange(0.3, 0.65, 0.02) if k else (0.0,):
            summed = {name: values + k * (others[name]["minilm"] - line) for name, values in scores.items()}
            found = [judged(summed[name], rows) for name, rows in sets.items()]
            kept = np.mean([row["accuracy"] for row in found]), np.mean([row["area"] for row in found]), line, summed
            best = max(best, kept, key=lambda one: one[0]) if best else kept
        means = np.mean([folder_judged(best[3][name], rows)["mean"] for name, rows in folders.items()]) if folders else 0
        lines.append(f"| {k} | {best[2]:.2f} | {best[0]:.3f} | {best[1]:.3f} | {means:.3f} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gate", type=Path, required=True)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--most", type=int, default=350, help="rows of a set that are read")
    parser.add_argument("--embedders", nargs="*", default=["minilm", "bge"])
    options = parser.parse_args()
    torch.set_num_threads(2)
    sets, folders = read_sets(options.sets / options.split)
    sets = {name: rows[: options.most] for name, rows in sets.items()}
    folders = {f"folder {name}": rows for name, rows in folders.items()}
    scores = outputs_of({**sets, **folders}, Gate(options.gate).margins)
    others = {name: baselines(options.sets, name, rows, options.embedders) for name, rows in {**sets, **folders}.items()}
    print("\n".join(table(sets, folders, scores, others)))
    print()
    print("\n".join(with_cosines(sets, folders, scores, others)))


if __name__ == "__main__":
    main()
