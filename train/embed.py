"""Tunes an embedder on answers and hard negatives: python3 train/embed.py --prepared DIR --out RUN [--base FOLDER]

With --triples FILE... on what `qrag mine` has written. The loss is MultipleNegativesRankingLoss: each query has to find
its answer among those of the whole batch and a hard negative of each. Stopped, it goes on where it was.

The recipe is bge-small-rrf's. Its published figures are no goal: its mining reads the qrels of the test sets and trains
on the very queries it is then judged by, and the index of its last table holds nothing but relevant documents. Here
what is kept aside shares no query, no document and no title with what trains, and is judged among whole sources.

On a busy machine OMP_NUM_THREADS=1 is many times faster than two threads that wait for each other.

RUN/embedder, a folder that `qrag convert` reads, appears only if the tuned weights are surely better on queries kept
aside: of the weights on the way from the base to the tuned ones, one half of those queries chooses, the other accepts."""

import argparse
import json
import pickle
import random
import signal
import threading
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from embedders import minilm_folder
from examples import Mined, Prepared
from retrieval import Encoder, interval, table

SCALE = 20.0  # of cosines, as sentence-transformers has it


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", type=Path)
    parser.add_argument("--triples", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", type=Path, help="a sentence-transformers folder of a BERT; all-MiniLM-L6-v2 without it")
    parser.add_argument("--pairs", type=int, default=16000, help="of the whole run")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--frozen", type=int, default=0, help="the first so many blocks stay as they are: less to compute")
    parser.add_argument("--aside", type=float, default=0.2, help="the share of documents whose queries are kept aside")
    parser.add_argument("--shares", type=float, nargs="*", default=[0.5, 1.0], help="of the way from the base that are tried")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if bool(options.prepared) == bool(options.triples):
        parser.error("either --prepared or --triples")
    return options


def examples_of(options):
    if options.triples:
        return Mined(options.triples, options.aside)
    with open(options.prepared / "prepared.pickle", "rb") as file:
        return Prepared(pickle.load(file), options.aside)


def loss_of(encoder, drawn, tokens):
    """Known answers of a query are no negatives of it, wherever in the batch they stand."""
    keys = [row[1][0] for row in drawn] + [row[2][0] for row in drawn]
    asked = encoder.vectors([row[0] for row in drawn], queries=True, tokens=tokens)
    told = encoder.vectors([row[1][1] for row in drawn] + [row[2][1] for row in drawn], tokens=tokens)
    right = torch.arange(len(drawn))
    others = torch.tensor([[key in row[3] and at != number for at, key in enumerate(keys)] for number, row in enumerate(drawn)])
    return F.cross_entropy((asked @ told.T * SCALE).masked_fill(others, -torch.inf), right)


def rate(done, steps, warm=50):
    return min(1.0, (done + 1) / min(warm, max(1, steps // 4))) * max(0.02, 1 - done / steps)


def train(options, examples, encoder):
    """Trains to the end, or until it is told to stop; says which."""
    kept, steps, done = options.out / "checkpoint.pt", max(1, options.pairs // options.batch), 0
    kept_as_is = ("embeddings.", *(f"encoder.layer.{number}." for number in range(options.frozen)))  # words keep their place
    for name, weight in encoder.model.named_parameters():
        weight.requires_grad_(not name.startswith(kept_as_is))
    body = [weight for weight in encoder.model.parameters() if weight.requires_grad]
    tool = torch.optim.AdamW(body, lr=options.rate, weight_decay=0.01)
    if kept.exists():
        saved = torch.load(kept)
        encoder.model.load_state_dict(saved["model"])
        tool.load_state_dict(saved["tool"])
        done = saved["done"]

    def keep():
        torch.save({"model": encoder.model.state_dict(), "tool": tool.state_dict(), "done": done}, options.out / "part")
        (options.out / "part").replace(kept)

    asked_to_stop, losses, told, saved_at = threading.Event(), [], time.monotonic(), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.set())
    while done < steps and not asked_to_stop.is_set():
        rng = random.Random(options.seed * 1000003 + done)
        loss = loss_of(encoder, [examples.draw(rng) for _ in range(options.batch)], options.tokens)
        loss.backward()
        for group in tool.param_groups:
            group["lr"] = options.rate * rate(done, steps)
        torch.nn.utils.clip_grad_norm_(body, 1.0)
        tool.step()
        tool.zero_grad(set_to_none=True)
        losses.append(loss.item())
        done += 1
        now = time.monotonic()
        if now - told > 60 or done == steps:
            print(f"{done * options.batch} of {steps * options.batch} pairs, loss {np.mean(losses):.4f}, {(now - told) / len(losses):.1f} s a step", flush=True)
            losses, told = [], now
        if now - saved_at > 180:
            keep()
            saved_at = now
    keep()
    return done == steps


def between(base, tuned, share):
    return {name: torch.lerp(value, tuned[name], share) if value.is_floating_point() else value for name, value in base.items()}


def judge(options, examples, encoder, base):
    """Chooses a share, and says whether it is accepted."""
    tuned = {name: value.clone() for name, value in encoder.model.state_dict().items()}
    figures = {}
    for share in (0.0, *options.shares):
        encoder.model.load_state_dict(between(base, tuned, share))
        figures[share] = {each.name: each.judged(encoder) for each in examples.sets}
        print(f"share {share}: nDCG@10 {np.mean(np.concatenate(list(figures[share].values()))):.4f}", flush=True)
    # Of every two queries one chooses and one accepts.
    half = {share: [np.concatenate([found[start::2] for found in of.values()]) for start in (0, 1)] for share, of in figures.items()}
    best = max(options.shares, key=lambda share: half[share][0].mean())
    gained = half[best][1] - half[0.0][1]
    low, high = interval(gained)
    print("\n".join(table(examples.sets, {"base": figures[0.0], "tuned": figures[best]})))
    print(f"share {best}: {gained.mean():+.4f} ({low:+.4f} to {high:+.4f}) on {len(gained)} queries that had no part in choosing it")
    encoder.model.load_state_dict(between(base, tuned, best))
    return bool(low > 0), {"share": best, "gain": float(gained.mean()), "interval": [float(low), float(high)], "queries": len(gained)}


def main():
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    encoder = Encoder(options.base or minilm_folder())
    base = {name: value.clone() for name, value in encoder.model.state_dict().items()}
    examples = examples_of(options)
    print(", ".join(f"{each.name}: {len(each.queries)} queries aside, {len(each.texts)} passages" for each in examples.sets), flush=True)
    if not train(options, examples, encoder):
        return
    accepted, result = judge(options, examples, encoder, base)
    if accepted:
        encoder.save(options.out / "embedder")
    print("accepted" if accepted else "not accepted: the base stays")
    told = {name: str(value) for name, value in vars(options).items()}
    (options.out / "result.json").write_text(json.dumps({"accepted": accepted, **result, "options": told}, indent=1) + "\n")


if __name__ == "__main__":
    main()
