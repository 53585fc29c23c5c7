"""Figures of retrieval in steps beside retrieval in one step with as many passages, on worlds that nothing was trained on.

    python3 train/steps_measure.py --run RUN    # of a run that is not over; prints the JSON"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch

from bm25 import Bm25
from corpus import TEST
from pair import Pair, state, vectors
from stories import Writer

SEED, STOP, MOST = 0, 0.5, 5
DRAWS = 10000


class ByWords:
    """BM25 of the question, or of the question and the passages chosen."""

    def __init__(self, passages):
        self.passages, self.lexical = passages, Bm25(passages)

    def values(self, questions, chosen):
        asked = [" ".join([question, *(self.passages[at] for at in places)]) for question, places in zip(questions, chosen)]
        return np.array(self.lexical.scores(asked, rarest=40))


class ByVectors:
    """A pair's inner products, or the cosines of what it began with. `below` keeps what the lower layers, which both
    share, made of a text."""

    def __init__(self, pair, passages, below, cosines=False):
        self.pair, self.below, self.cosines, self.known = pair, below, cosines, {}
        self.ids = pair.encode(passages)
        self.actions = self.embed(pair.action, self.ids)

    def embed(self, layers, sequences):
        """(texts, 384)"""
        kept = self.known.setdefault(layers, {})
        missing = sorted({tuple(sequence) for sequence in sequences} - kept.keys(), key=len)
        for start in range(0, len(missing), 64):
            part = missing[start : start + 64]
            self.make_below([each for each in part if each not in self.below])
            hidden = torch.nn.utils.rnn.pad_sequence([self.below[each] for each in part], batch_first=True)
            mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(each)) for each in part], batch_first=True)
            with torch.no_grad():
                kept.update(zip(part, vectors(layers, hidden, mask)))
        stacked = torch.stack([kept[tuple(sequence)] for sequence in sequences])
        return torch.nn.functional.normalize(stacked, dim=1) if self.cosines else stacked

    def make_below(self, sequences):
        if sequences:
            hidden, _ = self.pair.below(sequences)
            self.below.update({sequence: hidden[row, : len(sequence)] for row, sequence in enumerate(sequences)})

    def values(self, questions, chosen):
        states = [state(ids, [self.ids[at] for at in places]) for ids, places in zip(self.pair.encode(questions), chosen)]
        return (self.embed(self.pair.state, states) @ self.actions.T).numpy()


def at_once(judge, questions, among):
    """For each question the passages by value, as many as it has facts."""
    values = judge.values([question.text for question in questions], [[] for _ in questions])
    return [sorted(among[row], key=lambda at: -values[row, at])[: len(question.facts)] for row, question in enumerate(questions)]


def in_steps(judge, questions, among, most=None, stop=None):
    """The same, chosen one after the other; with `stop` until the best is worth less."""
    chosen, going = [[] for _ in questions], list(range(len(questions)))
    while going:
        values = judge.values([questions[row].text for row in going], [chosen[row] for row in going])
        for place, row in list(enumerate(going)):
            best = max((at for at in among[row] if at not in chosen[row]), key=lambda at: values[place, at])
            if stop is None or values[place, best] >= stop:
                chosen[row].append(best)
            if len(chosen[row]) >= (most or len(questions[row].facts)) or (stop is not None and values[place, best] < stop):
                going.remove(row)
    return chosen


def interval(values, groups):
    """(mean, low, high): 95 % by drawing whole worlds."""
    draw, sums = np.random.default_rng(SEED), np.array([values[groups == group].sum() for group in np.unique(groups)])
    counts = np.array([(groups == group).sum() for group in np.unique(groups)])
    drawn = draw.integers(0, len(sums), (DRAWS, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    return [round(float(value), 4) for value in (values.mean(), *np.percentile(means, (2.5, 97.5)))]


def told(questions, chosen, groups):
    whole = np.array([set(question.facts) <= set(places) for question, places in zip(questions, chosen)], float)
    facts = np.array([len(set(question.facts) & set(places)) / len(question.facts) for question, places in zip(questions, chosen)])
    hops = np.array([len(question.facts) for question in questions])
    by_hops = {f"all facts of {count}": interval(whole[hops == count], groups[hops == count]) for count in (2, 3)}
    return whole, {"all facts": interval(whole, groups), **by_hops, "share of facts": interval(facts, groups)}


def joined(worlds):
    """(passages, questions, the world of each question, the passages of its world)."""
    passages, questions, groups, among = [], [], [], []
    for number, world in enumerate(worlds):
        first = len(passages)
        passages += world.passages
        for question in world.questions:
            question.facts = [first + fact for fact in question.facts]
            questions.append(question)
            groups.append(number)
            among.append(range(first, len(passages)))
    return passages, questions, np.array(groups), among


def measure(pair, start, worlds):
    """Each way to choose, among the passages of a question's world and among those of all worlds."""
    writer = Writer(TEST, SEED)
    passages, questions, groups, worlds_of = joined([writer.world() for _ in range(worlds)])
    below = {}
    judges = {"BM25": ByWords(passages), "all-MiniLM": ByVectors(start, passages, below, cosines=True), "the pair": ByVectors(pair, passages, below)}
    result = {"questions": len(questions), "passages of a world": len(worlds_of[0]), "passages of all worlds": len(passages)}
    for name, among in (("in a world", worlds_of), ("in all worlds", [range(len(passages))] * len(questions))):
        found, whole = {}, {}
        for judge, values in judges.items():
            for way, choose in (("at once", at_once), ("in steps", in_steps)):
                key = f"{judge}, {way}"
                whole[key], found[key] = told(questions, choose(values, questions, among), groups)
        gains = {f"over {key}": interval(whole["the pair, in steps"] - values, groups) for key, values in whole.items() if key != "the pair, in steps"}
        stopped = in_steps(judges["the pair"], questions, among, MOST, STOP)
        exact = np.array([set(question.facts) == set(places) for question, places in zip(questions, stopped)], float)
        lengths = {str(count): float(np.mean([len(places) for question, places in zip(questions, stopped) if len(question.facts) == count])) for count in (2, 3)}
        result[name] = {**found, "gain of the pair in steps": gains, "stopped by value": {"all facts": told(questions, stopped, groups)[1]["all facts"], "the facts and nothing else": interval(exact, groups), "passages by facts": lengths}}
    return result


def as_json(figures):
    """Each interval on a line."""
    return re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", json.dumps(figures, indent=1)) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--frozen", type=int, default=4)
    parser.add_argument("--test-worlds", type=int, default=25)
    options = parser.parse_args()
    torch.set_num_threads(1)
    pair = Pair(options.frozen)
    pair.load_state_dict(torch.load(options.run / "checkpoint.pt")["pair"])
    print(as_json(measure(pair, Pair(options.frozen), options.test_worlds)), end="")


if __name__ == "__main__":
    main()
