"""Trains the gate: python3 train/run.py --prepared DIR --out RUN [--pairs N]. Stopped, it goes on where it was.

The last averaged weights are RUN/averaged.pt; train/fit.py makes the gate of them."""

import argparse
import copy
import json
import pickle
import signal
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader
from torch.nn import functional as F

from four_bits import feed_forward, rounded
from judge import CENTRES, SPREADS, Judge, judge_with, read_gate, tensors, tokenizer, weights_of
from products import products
from rows import Rows
from vectors import Vectors

EMBEDDERS = ("minilm", "bge")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=60000, help="of the whole run")
    parser.add_argument("--start", type=Path, help="a run's folder, or a gate's GGUF, to go on from with new rates")
    parser.add_argument("--base", choices=("minilm", "bge", "marco"), default="minilm", help="whose weights a run begins with")
    parser.add_argument("--frozen", type=int, default=0, help="first layers that stay as they are")
    parser.add_argument("--exit", type=int, default=0, help="after so many layers a row of its own learns the labels too")
    parser.add_argument("--exits", type=float, default=0.3, help="what these guesses count")
    parser.add_argument("--skim", action="store_true", help="fewer of the pairs that the exit's row knows, each counting more; needs --exit, and is of use once its row is trained")
    parser.add_argument("--teachers", type=Path, nargs="+", default=[], help="runs, or gates' GGUFs, the mean of whose margins is a target, beside the labels")
    parser.add_argument("--teach", type=float, default=0.3, help="what these margins count")
    parser.add_argument("--four-bits", action="store_true", help="learn with feed-forward weights rounded to Q4_0")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--step", type=int, default=64, help="pairs a step, about")
    parser.add_argument("--cosines", type=float, default=0.3, help="what the second targets count")
    parser.add_argument("--positive", type=float, default=1.3, help="what positives count")
    parser.add_argument("--average", type=float, default=0.993, help="the averaged weights' memory a step")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.skim and not options.exit:
        parser.error("--skim needs --exit")
    return options


def worth_learning(guesses, goals, least=0.1, most=0.5):
    """(places, counts): some of the pairs, drawn by how wrong a first guess of them is, and as how many each counts, so that
    the gradient is the same on the mean. Most pairs are known well after a while, and teach next to nothing."""
    wrong = (torch.sigmoid(guesses) - goals).abs()
    chances = (least + wrong * (1 - least) / most).clamp(max=1.0)
    chances[wrong.argmax()] = 1.0  # a part is never empty
    chosen = torch.nonzero(torch.rand(len(chances)) < chances)[:, 0]
    return chosen, 1 / chances[chosen]


class Cosines:
    """The embedders' opinions of a query and a passage by their places."""

    def __init__(self, folder, prepared):
        texts = [row["text"] for row in prepared["passages"]], [row["text"] for row in prepared["queries"]]
        self.pairs = []
        for name, centre, spread in zip(EMBEDDERS, CENTRES, SPREADS):
            if (folder / f"vectors-{name}.npz").exists():
                vectors = Vectors(folder, name)
                self.pairs.append((vectors.of(texts[0]), vectors.of(texts[1], queries=True), centre, spread))

    def of(self, rows):
        """(rows, 2) and where they are known."""
        result, known = np.zeros((len(rows), 2), np.float32), np.zeros((len(rows), 2), np.float32)
        for column, (told, asked, centre, spread) in enumerate(self.pairs):
            for at, row in enumerate(rows):
                if row.places:
                    cosine = float(asked[row.places[0]].astype(np.float32) @ told[row.places[1]].astype(np.float32))
                    result[at, column], known[at, column] = (cosine - centre) / spread, 1
        return torch.from_numpy(result), torch.from_numpy(known)


def rate(done, warm=0.05):
    return done / warm if done < warm else max(0.01, (1 - done) / (1 - warm))


def main():
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    with open(options.prepared / "prepared.pickle", "rb") as file:
        prepared = pickle.load(file)
    cosines, words, model = Cosines(options.prepared, prepared), tokenizer(), Judge(options.base, options.frozen, options.exit)
    if options.start:
        if options.start.suffix == ".gguf":
            read_gate(model, GGUFReader(options.start))
        else:
            weights = weights_of(options.start)
            assert int(weights.get("exit.block", options.exit)) == options.exit, "the start has its exit elsewhere"
            missing, unexpected = model.load_state_dict(weights, strict=False)
            assert not unexpected and all(name.startswith("exit.") for name in missing), (missing, unexpected)
    teachers = [judge_with(weights_of(run)).eval() for run in options.teachers]
    head = [weight for name, weight in model.named_parameters() if name.startswith(("head", "exit"))]
    body = [weight for name, weight in model.named_parameters() if weight.requires_grad and not name.startswith(("head", "exit"))]
    tool = torch.optim.AdamW([{"params": body, "top": options.rate}, {"params": head, "top": options.rate * 4}], lr=0, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    still = {name for name, weight in model.named_parameters() if not weight.requires_grad}
    state = {"pairs": 0, "steps": 0, "seconds": 0.0}
    averaged = {name: value.clone() for name, value in model.state_dict().items()}
    kept = options.out / "checkpoint.pt"
    if kept.exists():
        saved = torch.load(kept)
        model.load_state_dict(saved["model"])
        tool.load_state_dict(saved["tool"])
        averaged, state = saved["averaged"], saved["state"]
    rows = Rows(prepared, options.seed * 1000003 + state["steps"])  # a run that goes on draws other rows than before
    losses, right, told, saved_at = [], defaultdict(list), time.monotonic(), time.monotonic()

    twins = [model, copy.deepcopy(model)]  # two threads share the weights; each has its own gradients
    for mine, other in zip(model.parameters(), twins[1].parameters()):
        other.data = mine.data
    torch.set_num_threads(1)
    threads = ThreadPoolExecutor(2)

    def learn(twin, some, encoded, share, count):
        """Adds the gradients of a part of the step; ((losses, pairs learned), margins: guesses where a pair was not)."""
        labels = torch.tensor([float(row.label) for row in some])
        weights = torch.tensor([row.weight for row in some]) * torch.where(labels > 0, options.positive, 1.0)
        counts, goals = torch.ones(len(some)), labels * 0.96 + 0.02
        targets, known = cosines.of(some)
        inputs = tensors(encoded)
        with products():
            states, hidden = twin.begin(*inputs)
            if options.skim:
                guesses = twin.guess(states, hidden)
                chosen, counts = worth_learning(guesses, goals)
                states, hidden, weights, goals, targets, known = (values[chosen] for values in (states, hidden, weights, goals, targets, known))
                inputs = [values[chosen] for values in inputs]
            said = twin.rest(states, hidden)
        weights = weights * counts / share

        def wrong(guesses):
            return (F.binary_cross_entropy_with_logits(guesses, goals, reduction="none") * weights).sum()

        decision = wrong(said[:, 0])
        if teachers:
            with torch.no_grad(), products():
                taught = torch.stack([teacher(*inputs)[:, 0] for teacher in teachers]).mean(0)
            decision = decision + options.teach * (F.smooth_l1_loss(said[:, 0], taught, reduction="none", beta=2.0) * weights).sum()
        opinion = (F.smooth_l1_loss(said[:, 1:3], targets, reduction="none") * known * counts[:, None]).sum() / count
        guessed = wrong(said[:, 3]) if options.exit else 0
        (decision + options.cosines * opinion + options.exits * guessed).backward()
        margins = said[:, 0].detach()
        if options.skim:
            guesses[chosen] = margins
            margins = guesses
        return np.array((decision.item(), opinion.item(), len(said))), margins.tolist()

    def work(twin, waiting, drawn, encoded, share):
        """Takes parts until none is left, so that a thread that others slow down does less."""
        done = []
        while waiting:
            try:
                part = waiting.pop()
            except IndexError:
                break
            done.append((part, *learn(twin, [drawn[at] for at in part], [encoded[at] for at in part], share, len(drawn))))
        return done

    def keep():
        torch.save({"model": model.state_dict(), "tool": tool.state_dict(), "averaged": averaged, "state": state}, options.out / "part")
        (options.out / "part").replace(kept)
        torch.save(averaged, options.out / "part")
        (options.out / "part").replace(options.out / "averaged.pt")

    asked_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_stop.set())
    model.train()
    while state["pairs"] < options.pairs and not asked_to_stop.is_set():
        began = time.monotonic()
        drawn = []
        while len(drawn) < options.step:
            drawn += rows.group()
        encoded = words.encode_batch([(row.query, row.passage) for row in drawn])
        order = sorted(range(len(drawn)), key=lambda at: len(encoded[at].ids))
        parts = [order[at : at + 11] for at in range(0, len(order), 11)]  # the longest is taken first
        share = sum(row.weight * (options.positive if row.label else 1) for row in drawn)
        mean = np.zeros(3)  # two losses; pairs that went through all layers
        with rounded(feed_forward(model) if options.four_bits else []):
            found = [future.result() for future in [threads.submit(work, twin, parts, drawn, encoded, share) for twin in twins]]
        for done in found:
            for part, loss, margins in done:
                mean += loss
                for at, margin in zip(part, margins):
                    right[drawn[at].role].append((margin > 0) == (drawn[at].label == 1))
        for mine, other in zip(model.parameters(), twins[1].parameters()):
            if other.grad is not None:
                mine.grad = other.grad if mine.grad is None else mine.grad.add_(other.grad)
                other.grad = None
        done = state["pairs"] / options.pairs
        for group in tool.param_groups:
            group["lr"] = group["top"] * rate(done)
        torch.nn.utils.clip_grad_norm_(body + head, 1.0)
        tool.step()
        tool.zero_grad(set_to_none=True)
        memory = min(options.average, (1 + state["steps"]) / (10 + state["steps"]))
        for name, value in model.state_dict().items():
            if value.is_floating_point() and name not in still:
                averaged[name].lerp_(value, 1 - memory)
        losses.append(mean)
        state["pairs"] += len(drawn)
        state["steps"] += 1
        now = time.monotonic()
        state["seconds"] += now - began
        if now - told > 60 or state["pairs"] >= options.pairs:
            shares = " ".join(f"{role} {np.mean(some):.2f}" for role, some in sorted(right.items()))
            *loss, learned = np.mean(losses, 0)
            loss = " ".join(f"{value:.3f}" for value in loss)
            print(f"{state['seconds'] / 60:.1f} min {state['pairs']} pairs, {state['pairs'] / state['seconds']:.1f} a second, {learned:.0f} learned a step, loss {loss} | {shares}", flush=True)
            losses, right, told = [], defaultdict(list), now
        if now - saved_at > 180:
            keep()
            saved_at = now
    keep()
    if asked_to_stop.is_set():
        return
    (options.out / "result.json").write_text(json.dumps({"options": {name: str(value) for name, value in vars(options).items()}, **state}, indent=1) + "\n")


if __name__ == "__main__":
    main()
