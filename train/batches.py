"""Labelled sequences from the prepared arrays: for every query its passage, near misses and passages of other domains.

One sequence is `q: query \\n p: passage \\n a:`. Its label is the token after it. Where the sentence that answers is known,
every token of the passage is labelled too: 0 before that sentence, 1 after it.
"""

import numpy as np
import torch

from mining import FULL, MISSING

POSITIVE, NEAR, REMOVED, NEIGHBOUR, SWAPPED, CROSS = range(6)
ROLES = ("positive", "near miss", "answer removed", "neighbour", "swapped", "cross-domain")
IGNORE = -1
LONGEST = 330  # tokens of a passage
SHAPES = np.array((6, 26, 10, 10, 24, 9, 4, 11))  # in a hundred draws, in the order of prepare.KINDS: mostly questions


class Prepared:
    def __init__(self, path, words):
        arrays = np.load(path)
        for name in arrays.files:
            setattr(self, name, arrays[name])
        self.words = words
        self.before_query = np.array(words.encode("q:"), np.uint16)
        self.before_passage = np.array(words.encode("\np:"), np.uint16)
        self.before_answer = np.array(words.encode("\na:"), np.uint16)
        self.zero, self.one = words.vocabulary["0"], words.vocabulary["1"]
        size = len(words)
        spaced = np.arange(size)
        for token, number in words.vocabulary.items():
            spaced[number] = words.vocabulary.get("Ġ" + token, number)
        self.spaced = spaced.astype(np.uint16)  # the token as it is at the start of a passage
        owner = np.repeat(np.arange(len(self.token_starts) - 1), np.diff(self.token_starts.astype(np.int64)))
        held = np.sort(owner.astype(np.int64) * size + self.tokens)
        distinct = held[np.append(True, held[1:] != held[:-1])]
        self.spread = np.bincount(distinct % size, minlength=size)  # in how many passages a token stands
        rarity = np.log(len(self.split) / (1 + self.spread))
        self.rarity = torch.from_numpy(np.where(self.spread < 0.03 * len(self.split), rarity, 0).astype(np.float32))
        self.blank = np.zeros(size, bool)  # tokens of white space alone
        for token, number in words.vocabulary.items():
            self.blank[number] = set(token) <= set("ĠĊ")
        letters = [token for token, _ in sorted(words.vocabulary.items(), key=lambda entry: entry[1])]
        whole = np.array([token.startswith("Ġ") and token[1:].isalpha() and len(token) > 4 for token in letters])
        self.swappable = whole & (self.spread > 5) & (self.spread < 0.01 * len(self.split))
        order = np.argsort(self.document, kind="stable")
        self.by_document, self.document_at = order, np.searchsorted(self.document[order], np.arange(self.document.max() + 2))
        self.domain_words = {}

    def query(self, number):
        return self.queries[self.query_starts[number] : self.query_starts[number + 1]]

    def passage(self, number):
        return self.tokens[self.token_starts[number] : self.token_starts[number + 1]]

    def sentence_starts(self, number):
        return self.breaks[self.break_starts[number] : self.break_starts[number + 1]].astype(np.int64)

    def other_word(self, token, domain, rng):
        """Another word of the domain, about as rare."""
        words = self.domain_words.get(domain)
        if words is None:
            rows = np.nonzero(self.domain == domain)[0]
            found = np.unique(np.concatenate([self.passage(row) for row in rows]))
            found = found[self.swappable[found]]
            words = self.domain_words[domain] = found[np.argsort(self.spread[found])]
        at = np.searchsorted(self.spread[words], self.spread[token])
        return int(words[np.clip(at + rng.integers(-40, 41), 0, len(words) - 1)])


class Sampler:
    """Draws labelled sequences: (tokens, label, weight, role, marks, where the passage begins)."""

    def __init__(self, prepared, split, rng):
        self.data, self.rng = prepared, rng
        self.room = LONGEST  # tokens of a passage at most: training begins with short ones
        about = prepared.about
        mine = prepared.split[about[:, 0]] == split
        counts = np.bincount(about[mine, 1], minlength=len(SHAPES))
        self.until = (mine * (SHAPES / np.maximum(1, counts))[about[:, 1]]).cumsum()  # a query's share, added up
        self.passages = np.nonzero((prepared.split == split) & (np.diff(prepared.token_starts.astype(np.int64)) > 8))[0]

    def window(self, number, keep=None, drop=None):
        """Tokens of a run of sentences that holds sentence `keep`, without sentence `drop`, and where `keep` lies in it."""
        rng, starts = self.rng, self.data.sentence_starts(number)
        tokens = self.data.passage(number)
        ends = np.append(starts[1:], len(tokens))
        first, last = 0, len(starts) - 1
        if keep is None:
            keep = int(rng.integers(len(starts)))
        if len(starts) > 1 and rng.random() < 0.5:
            if rng.random() < 0.25 and ends[keep] - starts[keep] >= 7:
                first = last = keep
            else:
                first = keep - int(rng.integers(0, min(keep, 4) + 1))
                last = keep + int(rng.integers(0, min(len(starts) - 1 - keep, 5) + 1))
        room = int(rng.integers(60, LONGEST)) if rng.random() < 0.5 else LONGEST
        while last > first and ends[last] - starts[first] > min(room, self.room):
            if last > keep and (first == keep or rng.random() < 0.5):
                last -= 1
            else:
                first += 1
        parts, place = [], None
        length = 0
        for sentence in range(first, last + 1):
            if sentence == drop:
                continue
            part = tokens[starts[sentence] : ends[sentence]]
            if sentence == keep:
                place = (length, length + len(part))
            parts.append(part)
            length += len(part)
        if not parts:
            return np.zeros(0, np.uint16), None
        joined = np.concatenate(parts)[: LONGEST + 70].copy()
        blank = int(np.argmin(self.data.blank[joined]))
        joined = joined[blank:]
        joined[0] = self.data.spaced[joined[0]]
        return joined, place and (max(0, place[0] - blank), place[1] - blank)

    def alike(self, number, query):
        """The sentence of a passage that holds most of the query's rare tokens, now and then any."""
        data = self.data
        if self.rng.random() < 0.3:
            return None
        weights = data.rarity[query.astype(np.int64)].numpy()
        shares = []
        starts = data.sentence_starts(number)
        for start, end in zip(starts, np.append(starts[1:], len(data.passage(number)))):
            shares.append(weights[np.isin(query, data.passage(number)[start:end])].sum())
        return int(np.argmax(shares))

    def sequence(self, query, passage, label, weight, role, marks):
        data = self.data
        tokens = np.concatenate((data.before_query, query, data.before_passage, passage, data.before_answer))
        offset = len(data.before_query) + len(query) + len(data.before_passage)
        labels = np.full(len(tokens), IGNORE, np.int8)
        labels[offset : offset + len(passage)] = marks
        labels[-len(data.before_answer) :] = label
        return tokens, label, weight, role, labels, offset

    def draw(self):
        """All sequences of one query."""
        data, rng = self.data, self.rng
        number = int(np.searchsorted(self.until, rng.random() * self.until[-1], side="right"))
        positive, kind, sentence, removable = data.about[number]
        query = data.query(number)
        known = kind >= 4 or removable
        passage, place = self.window(positive, keep=sentence)
        marks = np.full(len(passage), IGNORE, np.int8)
        if place is not None:
            if removable:
                marks[: place[0]] = 0
            marks[min(place[1], len(marks)) - 1 :] = 1
        result = [self.sequence(query, passage, 1, 1.0, POSITIVE, marks)]

        def negative(tokens, weight, role):
            if len(tokens) > 4:
                result.append(self.sequence(query, tokens, 0, weight, role, 0))

        span = slice(data.negative_starts[number], data.negative_starts[number + 1])
        kinds = data.negative_kinds[span]
        misses = data.negatives[span][kinds == MISSING]
        for row in rng.permutation(misses)[:2]:
            negative(self.window(row, keep=self.alike(row, query))[0], 1.0, NEAR)
        full = data.negatives[span][kinds == FULL]
        if len(full) and rng.random() < 0.35:
            negative(self.window(full[0], keep=self.alike(full[0], query))[0], 0.5, NEAR)
        if removable and kind != 2 and len(data.sentence_starts(positive)) > 2 and rng.random() < 0.4:
            negative(self.window(positive, drop=sentence)[0], 0.7, REMOVED)
        if rng.random() < 0.4:
            document = data.document[positive]
            rows = data.by_document[data.document_at[document] : data.document_at[document + 1]]
            row = int(rows[rng.integers(len(rows))])
            if data.group[row] != data.group[positive]:
                shared = np.isin(query[data.swappable[query]], data.passage(row))
                if len(shared) and not shared.all():
                    negative(self.window(row, keep=self.alike(row, query))[0], 0.7, NEIGHBOUR)
        if rng.random() < 0.5 and known:
            self.swap(query, passage, marks, data.domain[positive], result)
        row = int(self.passages[rng.integers(len(self.passages))])
        if data.domain[row] != data.domain[positive]:
            negative(self.window(row)[0], 0.8, CROSS)
        return result

    def swap(self, query, passage, marks, domain, result):
        """One word of both becomes another: query and passage swapped together agree, apart they do not."""
        data, rng = self.data, self.rng
        shared = np.unique(query[data.swappable[query]])
        shared = shared[np.isin(shared, passage)]
        if not len(shared):
            return
        token = int(shared[np.argmin(data.spread[shared])]) if rng.random() < 0.6 else int(rng.choice(shared))
        other = data.other_word(token, domain, rng)
        if other == token or other in passage or other in query:
            return
        new_query, new_passage = (np.where(tokens == token, other, tokens).astype(np.uint16) for tokens in (query, passage))
        if rng.random() < 0.5:
            result.append(self.sequence(new_query, passage, 0, 1.0, SWAPPED, 0))
        else:
            result.append(self.sequence(query, new_passage, 0, 1.0, SWAPPED, 0))
        if rng.random() < 0.5:
            result.append(self.sequence(new_query, new_passage, 1, 0.7, SWAPPED, marks))


def batches(sampler, tokens, pool=1024, step=32):
    """Endless batches of about `tokens` tokens each, of sequences of about one length.

    Yields (tokens, marks, ends, labels, weights, roles, offsets) as numpy arrays, padded on the right."""
    while True:
        drawn = []
        while len(drawn) < pool:
            drawn += sampler.draw()
        drawn.sort(key=lambda sequence: len(sequence[0]) + sampler.rng.random())
        groups, start = [], 0
        while start < len(drawn):
            end, longest = start, 0
            while end < len(drawn):
                rounded = -(-len(drawn[end][0]) // step) * step
                if end > start and max(longest, rounded) * (end - start + 1) > tokens:
                    break
                longest = max(longest, rounded)
                end += 1
            groups.append((longest, drawn[start:end]))
            start = end
        for at in sampler.rng.permutation(len(groups)):
            yield pad(*groups[at])


def pad(longest, sequences):
    tokens = np.zeros((len(sequences), longest), np.int64)
    marks = np.full((len(sequences), longest), IGNORE, np.int64)
    for row, (ids, _, _, _, labels, _) in enumerate(sequences):
        tokens[row, : len(ids)] = ids
        marks[row, : len(ids)] = labels
    ends = np.array([len(sequence[0]) - 1 for sequence in sequences])
    labels = np.array([sequence[1] for sequence in sequences])
    weights = np.array([sequence[2] for sequence in sequences], np.float32)
    roles = np.array([sequence[3] for sequence in sequences])
    offsets = np.array([sequence[5] for sequence in sequences])
    return tokens, marks, ends, labels, weights, roles, offsets
