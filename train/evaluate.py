"""How a model judges rows: accepted positives, refused near misses and other domains, and the area under the curve."""

import json

import numpy as np
import torch

PROMPT = "q: {query}\np: {passage}\na:"


def read_rows(path, most=None):
    with open(path, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return rows[:most]


def margins(model, words, rows, device="cpu", tokens=8192, dtype=torch.bfloat16):
    """logit("1") - logit("0") of every row."""
    zero, one = words.vocabulary["0"], words.vocabulary["1"]
    ids = [words.encode(PROMPT.format(query=row["query"], passage=row["passage"]))[-model.config.block_size :] for row in rows]
    result = np.zeros(len(rows))
    order = sorted(range(len(rows)), key=lambda at: len(ids[at]))
    model.eval()
    with torch.no_grad():
        while order:
            longest = -(-len(ids[order[-1]]) // 32) * 32
            count = max(1, tokens // longest)
            part, order = order[-count:], order[:-count]
            batch = torch.zeros(len(part), longest, dtype=torch.long)
            for row, at in enumerate(part):
                batch[row, : len(ids[at])] = torch.tensor(ids[at])
            ends = torch.tensor([len(ids[at]) - 1 for at in part], device=device)
            with torch.autocast(device, dtype=dtype, enabled=dtype != torch.float32):
                hidden = model(batch.to(device), dtype)[torch.arange(len(part), device=device), ends]
            rows_of_head = model.embed.weight[[zero, one]].float()
            logits = hidden.float() @ rows_of_head.T
            result[part] = (logits[:, 1] - logits[:, 0]).cpu().numpy()
    model.train()
    return result


def area(values, labels):
    """The share of (positive, negative) pairs in the right order."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(1, len(values) + 1)
    for value in np.unique(values[np.isin(values, values[np.nonzero(np.diff(np.sort(values)) == 0)])]):
        ranks[values == value] = ranks[values == value].mean()
    positives = labels.sum()
    above = ranks[labels == 1].sum() - positives * (positives + 1) / 2
    return float(above / max(1, positives * (len(labels) - positives)))


def summary(values, rows):
    """{slice: share judged right} and the area under the curve."""
    labels = np.array([int(row["label"]) for row in rows])
    right = (values > 0) == (labels == 1)
    kinds = np.array([row.get("kind", "?") for row in rows])
    result = {kind: round(float(right[kinds == kind].mean()), 4) for kind in dict.fromkeys(kinds.tolist())}
    near = kinds != "cross-domain"
    return {**result, "all": round(float(right.mean()), 4), "area": round(area(values[near], labels[near]), 4)}
