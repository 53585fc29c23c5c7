"""Trains a pair of encoders to choose passages in steps: python3 train/steps.py --out RUN [--worlds N]. Stopped, it goes on.

As Q-RAG does it: the value of a passage in a state is the inner product of both vectors, halves of it are twin critics,
lambda-returns bootstrap from slowly following targets, and a soft policy chooses. An episode has as many steps as the
question has facts, so a wrong passage ends it with nothing; the value of wrong passages is known to be 0, and the best few
of them in every state are taught so. So is every passage once all facts are there, so that a value can say when to stop.

RUN/pair holds the pair as Q-RAG saves one, RUN/result.json what train/steps_measure.py makes of it."""

import argparse
import copy
import random
import signal
import threading
import time
from pathlib import Path

import numpy as np
import torch

from corpus import TRAIN
from pair import Pair, save, state, vectors
from steps_measure import as_json, measure
from stories import Writer

GAMMA, LAMBDA, TAU = 0.99, 0.5, 0.1
PASSAGES = 6  # of a world for each question on it, prose among them; more where stories have more
BEST = 5  # passages that a soft value and the policy look at, and wrong ones that are taught


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--worlds", type=int, default=600, help="each seen once, one a step of the optimizer")
    parser.add_argument("--questions", type=int, default=4, help="on a world")
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--alpha", type=float, default=0.05, help="how soft values and policy are; falls with the rate")
    parser.add_argument("--guided", type=float, default=0.5, help="the share of choices that labels make; falls to a fifth of it")
    parser.add_argument("--frozen", type=int, default=4, help="layers that stay")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--test-worlds", type=int, default=25)
    return parser.parse_args()


def halves(states, actions):
    """(2, states, actions): each half's share of the value."""
    middle = states.shape[1] // 2
    return torch.stack((states[:, :middle] @ actions[:, :middle].T, states[:, middle:] @ actions[:, middle:].T))


def soft(values, left, alpha):
    """The soft value of states by the best passages that are left: (states,)."""
    best = values.masked_fill(~left, -1e4).topk(BEST, -1).values
    return (alpha * torch.logsumexp(best / alpha, -1)).sum(0)


class Episode:
    def __init__(self, question, ids):
        self.facts, self.question = question.facts, ids
        self.chosen, self.rewards, self.values = [], [], []
        self.done = False

    def take(self, passage):
        self.chosen.append(passage)
        wrong, whole = passage not in self.facts, set(self.facts) <= set(self.chosen)
        self.rewards.append(float(whole))
        self.done = wrong or whole

    def returns(self):
        """What each choice was worth."""
        found, after = [], 0.0
        for step in reversed(range(len(self.chosen))):
            last = step == len(self.chosen) - 1
            ahead = 0.0 if last else (1 - LAMBDA) * self.values[step + 1] + LAMBDA * after
            after = self.rewards[step] + GAMMA * ahead
            found.append(after)
        return found[::-1]


class Trainer:
    def __init__(self, options):
        self.options = options
        torch.manual_seed(options.seed)
        self.pair = Pair(options.frozen)
        self.targets = {"state": copy.deepcopy(self.pair.state), "action": copy.deepcopy(self.pair.action)}
        self.tool = torch.optim.AdamW([*self.pair.state.parameters(), *self.pair.action.parameters()], lr=0, weight_decay=0.01, betas=(0.9, 0.98), eps=1e-6)
        self.done, self.seconds = 0, 0.0

    def share(self):
        """Of the top rate."""
        at = self.done / self.options.worlds
        return at / 0.05 if at < 0.05 else max(0.02, (1 - at) / 0.95)

    def play(self, world, draw):
        """(episodes of all questions of a world, [(episode, step)] of the states, their values of all passages by halves)."""
        passages = self.pair.encode(world.passages)
        below = self.pair.below(passages)
        actions = vectors(self.pair.action, *below)
        with torch.no_grad():
            later = vectors(self.targets["action"], *below)
        episodes = [Episode(*each) for each in zip(world.questions, self.pair.encode([question.text for question in world.questions]))]
        alpha = max(0.005, self.options.alpha * self.share())
        guided = self.options.guided * (1 - 0.8 * self.done / self.options.worlds)
        playing, rows, found = episodes, [], []
        while playing:
            below = self.pair.below([state(episode.question, [passages[at] for at in episode.chosen]) for episode in playing])
            left = torch.ones(len(playing), len(passages), dtype=torch.bool)
            for row, episode in enumerate(playing):
                left[row, episode.chosen] = False
            found.append(halves(vectors(self.pair.state, *below), actions))
            values = found[-1].detach().sum(0).masked_fill(~left, -1e4)
            with torch.no_grad():
                worth = soft(halves(vectors(self.targets["state"], *below), later), left, alpha)
            rows += [(episode, len(episode.chosen)) for episode in playing]
            going = []
            for row, episode in enumerate(playing):
                if episode.done:
                    continue
                episode.values.append(worth[row].item())
                best, places = values[row].topk(BEST)
                sampled = places[torch.multinomial(torch.softmax(best / alpha, 0), 1)].item()
                episode.take(next(fact for fact in episode.facts if fact not in episode.chosen) if draw.random() < guided else sampled)
                # Where all facts are there, one state more is taught: nothing is worth anything in it.
                if not episode.done or episode.rewards[-1] > 0:
                    going.append(episode)
            playing = going
        return episodes, rows, torch.cat(found, 1)

    def learn(self, rows, values):
        """One step of the optimizer; the loss of choices and of wrong passages."""
        taken = [(row, episode.chosen[step], episode.returns()[step]) for row, (episode, step) in enumerate(rows) if step < len(episode.chosen)]
        places, chosen, worth = (torch.tensor(column) for column in zip(*taken))
        right = ((2 * values[:, places, chosen] - worth) ** 2).mean()
        wrong = torch.ones(values.shape[1:], dtype=torch.bool)
        for row, (episode, step) in enumerate(rows):
            wrong[row, episode.facts + episode.chosen[: step + 1]] = False
        best = values.detach().sum(0).masked_fill(~wrong, -1e4).topk(BEST, -1).indices
        idle = ((2 * values.gather(2, best.expand(2, -1, -1))) ** 2).mean()
        for group in self.tool.param_groups:
            group["lr"] = self.options.rate * self.share()
        (right + idle).backward()
        torch.nn.utils.clip_grad_norm_(self.tool.param_groups[0]["params"], 2.0)
        self.tool.step()
        self.tool.zero_grad(set_to_none=True)
        for name, target in self.targets.items():
            for slow, quick in zip(target.parameters(), getattr(self.pair, name).parameters()):
                slow.data.lerp_(quick.data, TAU)
        return right.item(), idle.item()

    def kept(self):
        names = ("pair", "state", "action", "tool")
        return dict(zip(names, (self.pair, self.targets["state"], self.targets["action"], self.tool)))

    def keep(self, path):
        parts = {name: part.state_dict() for name, part in self.kept().items()}
        torch.save({**parts, "done": self.done, "seconds": self.seconds}, path.with_name("part"))
        path.with_name("part").replace(path)

    def resume(self, path):
        saved = torch.load(path)
        for name, part in self.kept().items():
            part.load_state_dict(saved[name])
        self.done, self.seconds = saved["done"], saved["seconds"]


def train(trainer, kept, stopping):
    options, told, losses, whole = trainer.options, time.monotonic(), [], []
    saved = told
    # A run that goes on draws worlds that it has not seen.
    writer, draw = Writer(TRAIN, f"{options.seed} {trainer.done}"), random.Random(f"{options.seed} {trainer.done}")
    while trainer.done < options.worlds and not stopping.is_set():
        began = time.monotonic()
        episodes, rows, values = trainer.play(writer.world(options.questions, PASSAGES * options.questions), draw)
        losses.append(trainer.learn(rows, values))
        whole += [episode.rewards[-1] for episode in episodes]
        trainer.done += 1
        now = time.monotonic()
        trainer.seconds += now - began
        if now - told > 30 or trainer.done == options.worlds:
            loss = " ".join(f"{value:.4f}" for value in np.mean(losses, 0))
            print(f"{trainer.seconds / 60:.1f} min {trainer.done} worlds, loss {loss}, all facts in {np.mean(whole):.2f} of the episodes", flush=True)
            losses, whole, told = [], [], now
        if now - saved > 60:
            trainer.keep(kept)
            saved = now
    trainer.keep(kept)


def main():
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    stopping = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.set())
    trainer, kept = Trainer(options), options.out / "checkpoint.pt"
    if kept.exists():
        trainer.resume(kept)
    train(trainer, kept, stopping)
    if stopping.is_set():
        return
    save(trainer.pair, options.out / "pair")
    figures = measure(trainer.pair, Pair(options.frozen), options.test_worlds)
    told = {name: str(value) for name, value in vars(options).items()}
    (options.out / "result.json").write_text(as_json({"options": told, "worlds": trainer.done, "seconds": round(trainer.seconds), **figures}))


if __name__ == "__main__":
    main()
