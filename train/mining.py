"""BM25 over the whole corpus, and negatives with a proof that they miss."""

import math
from collections import Counter

import numpy as np

from words import content_stems, stem, words, STOP

K1, B = 1.2, 0.75
COMMON = 0.05  # stems in a larger part of the passages rank nothing
LOOKED_UP = 10  # stems of a query, the rarest ones


class Index:
    def __init__(self, texts):
        lengths, postings = [], {}
        for number, text in enumerate(texts):
            counts = Counter(stem(word) for word in words(text) if word.lower() not in STOP)
            lengths.append(sum(counts.values()))
            for term, count in counts.items():
                postings.setdefault(term, []).append((number, count))
        self.size = len(texts)
        average = sum(lengths) / len(lengths)
        norm = K1 * (1 - B + B * np.array(lengths, np.float32) / average)
        self.postings, self.rarity = {}, {}
        for term, entries in postings.items():
            rows, counts = np.array(entries, np.int32).T
            rarity = math.log(1 + (self.size - len(rows) + 0.5) / (len(rows) + 0.5))
            self.rarity[term] = rarity
            self.postings[term] = (rows, (rarity * counts * (K1 + 1) / (counts + norm[rows])).astype(np.float32))
        self.unknown = math.log(1 + self.size + 0.5)

    def rarity_of(self, term):
        return self.rarity.get(term, self.unknown)

    def top(self, terms, count):
        """The passages that score highest for these stems, best first."""
        found = [self.postings[term] for term in terms if term in self.postings]
        found = sorted((entry for entry in found if len(entry[0]) < COMMON * self.size), key=lambda entry: len(entry[0]))
        if not found:
            return np.zeros(0, np.int64)
        rows, inverse = np.unique(np.concatenate([rows for rows, _ in found[:LOOKED_UP]]), return_inverse=True)
        scores = np.bincount(inverse, np.concatenate([scores for _, scores in found[:LOOKED_UP]]))
        if len(rows) > count:
            best = np.argpartition(scores, -count)[-count:]
            rows, scores = rows[best], scores[best]
        return rows[np.argsort(-scores, kind="stable")]

    def covered(self, terms, rows):
        """(len(rows), len(terms)) whether a passage holds a stem."""
        result = np.zeros((len(rows), len(terms)), bool)
        for column, term in enumerate(terms):
            found = self.postings.get(term)
            if found is not None and len(rows):
                at = np.minimum(np.searchsorted(found[0], rows), len(found[0]) - 1)
                result[:, column] = found[0][at] == rows
        return result


MISSING, FULL = 0, 1  # kinds of negatives: proved to miss a word of the query; holding every one


def negatives(index, query, positive, passages, groups, relevant, split, most=5):
    """[(passage, kind)] near misses of a query: high in BM25, of the same split, not known to be relevant.

    MISSING ones lack a content word of the query and a tenth of its weight at least: they are about something else that
    sounds alike. FULL ones hold every word but stand in another document."""
    terms = content_stems(query)[:24]
    if not terms:
        return []
    rows = index.top(terms, 64)
    rows = rows[(split[rows] == split[positive]) & (groups[rows] != groups[positive])]
    rows = np.array([row for row in rows if row not in relevant], np.int64)
    if not len(rows):
        return []
    covered = index.covered(terms, rows)
    weights = np.array([index.rarity_of(term) for term in terms], np.float32)
    share = (covered * weights).sum(1) / weights.sum()
    chosen, documents = [], Counter()
    for row, part, complete in zip(rows, share, covered.all(1)):
        document = passages[row]["document"]
        if documents[document] >= 2:
            continue
        if not complete and part <= 0.9:
            if sum(kind == MISSING for _, kind in chosen) < most:
                chosen.append((int(row), MISSING))
                documents[document] += 1
        elif complete and len(terms) >= 3 and document != passages[positive]["document"]:
            if not any(kind == FULL for _, kind in chosen):
                chosen.append((int(row), FULL))
    return chosen
