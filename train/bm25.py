"""BM25 over a list of texts, as sparse products."""

import re

import numpy as np
from scipy.sparse import csr_matrix

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
STOP = frozenset(
    "a an the of in on at to for from by with as and or but nor if then than that this these those there here it its it's "
    "is are was were be been being am do does did done doing have has had having can could may might must shall should "
    "will would not no so such own same very too also just only about into over under out up down off again once more "
    "most other some any each both few all i me my we us our you your he him his she her they them their what which who "
    "whom whose when where why how get got make made use used using one many much s t don't let please tell explain".split()
)
ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ed", "ies", "ily", "es", "s", "ly", "y", "e")
K1, B = 1.2, 0.75


def stem(word):
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


class Bm25:
    def __init__(self, texts):
        self.stems, self.numbers = {}, {}
        rows, columns = [], []
        for number, text in enumerate(texts):
            terms = [self.numbers.setdefault(term, len(self.numbers)) for term in self.terms(text)]
            rows += [number] * len(terms)
            columns += terms
        shape = (len(texts), len(self.numbers))
        counts = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape)
        lengths = np.asarray(counts.sum(1)).ravel()
        self.frequency = np.bincount(counts.indices, minlength=shape[1])
        self.rarity = np.log(1 + (len(texts) - self.frequency + 0.5) / (self.frequency + 0.5)).astype(np.float32)
        norm = np.repeat(K1 * (1 - B + B * lengths / max(1e-9, lengths.mean())), np.diff(counts.indptr))
        counts.data = self.rarity[counts.indices] * counts.data * (K1 + 1) / (counts.data + norm)
        self.table = counts.T.tocsr()  # (terms, texts)

    def terms(self, text):
        found = []
        for word in WORD.findall(text.lower()):
            if word not in STOP:
                known = self.stems.get(word)
                if known is None:
                    known = self.stems[word] = stem(word.replace("’", "'").split("'")[0])
                found.append(known)
        return found

    def scores(self, queries, rarest=12):
        """(queries, texts) scores by the rarest words of each query."""
        rows, columns = [], []
        for number, query in enumerate(queries):
            terms = {self.numbers[term] for term in self.terms(query) if term in self.numbers}
            terms = sorted(terms, key=lambda term: self.frequency[term])[:rarest]
            rows += [number] * len(terms)
            columns += terms
        asked = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (len(queries), self.table.shape[0]))
        return (asked @ self.table).toarray()

    def rarity_of(self, word):
        number = self.numbers.get(stem(word.lower()))
        return 12.0 if number is None else float(self.rarity[number])
