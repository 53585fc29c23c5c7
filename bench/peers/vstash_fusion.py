"""What vstash makes of given searches: python vstash_fusion.py CASES RESULTS

vstash's own `search` runs as it is, on a connection that answers its queries with the lists of a case. Its methods are
watched, none is replaced: what they return is what goes into RESULTS."""

import json
import logging
import struct
import sys
import threading
from importlib.metadata import version

from vstash.config import CacheConfig, LimitsConfig, ObservabilityConfig
from vstash.store import VstashStore
from vstash.store._common import _cosine_sim


class Rows(list):
    def fetchall(self):
        return self

    def fetchone(self):
        return self[0]


class Lists:
    """A connection to a store that is a case."""

    def __init__(self, case):
        self.case = case

    def row(self, number, **more):
        fields = {"id": number, "text": "", "title": "", "path": str(self.case["documents"][str(number)]), "seq": 0}
        return {**fields, "added_at": None, "collection": None, "tags": None, "layer": None, **more}

    def execute(self, sql, values=()):
        case = self.case
        if "COUNT(*) FROM chunks" in sql:
            return Rows([[case["passages"]]])
        if "FROM fts_chunks_vocab" in sql:
            return Rows({"term": term, "doc": having} for term, having in case["having"].items())
        if "FROM vec_chunks v" in sql:
            return Rows(self.row(number, distance=distance) for number, distance in case["vector"][: values[1]])
        if "FROM fts_chunks f" in sql:
            return Rows(self.row(number) for number in case["keyword"][: values[-1]])
        if "SELECT rowid, embedding FROM vec_chunks" in sql:
            return Rows({"rowid": number, "embedding": blob(case["vectors"][str(number)])} for number in values)
        raise ValueError(f"vstash asks for something else: {sql}")


def blob(vector):
    return struct.pack(f"{len(vector)}f", *vector)


class Watched(VstashStore):
    def __init__(self, case):
        self._conn = Lists(case)
        self._thread_local = threading.local()
        self._stem_conns, self._stem_lock = {}, threading.Lock()
        self._idf_cache = None
        self._observability, self._limits, self._cache_config = ObservabilityConfig(), LimitsConfig(), CacheConfig()
        self._snap, self._vector_backend, self._cache_epoch = None, "sqlite-vec", 0
        self.mixing, self.fused = None, []

    def _compute_adaptive_rrf_params(self, *values, **named):
        self.mixing = super()._compute_adaptive_rrf_params(*values, **named)
        return self.mixing

    def _mmr_dedup(self, ranked, *values, **named):
        self.fused = [[row["id"], row["rrf"]] for row in ranked]
        return super()._mmr_dedup(ranked, *values, **named)


def result(case):
    store = Watched(case)
    vector, keyword = case["weights"] or (None, None)
    found = store.search(
        [0.0],
        " ".join(case["words"]),
        top_k=case["topK"],
        vec_weight=vector,
        fts_weight=keyword,
        retrieval_mode=case["mode"],
    )
    for connection in store._stem_conns.values():
        connection.close()
    return {"mixing": store.mixing, "fused": store.fused, "chosen": [hit.chunk_id for hit in found], "likeness": likeness(case, store.fused)}


def likeness(case, fused):
    """The cosines of passages of one document, as vstash computes them."""
    vectors = {number: list(case["vectors"][str(number)]) for number, _ in fused}
    documents = {number: case["documents"][str(number)] for number, _ in fused}
    numbers = sorted(vectors)
    return [
        [one, other, _cosine_sim(vectors[one], vectors[other])]
        for place, one in enumerate(numbers)
        for other in numbers[place + 1 :]
        if documents[one] == documents[other]
    ]


def main(cases, results):
    logging.disable()  # it warns of slow searches
    with open(cases, encoding="utf-8") as file:
        rows = [result(case) for case in json.load(file)]
    with open(results, "w", encoding="utf-8") as file:
        json.dump(rows, file)
    print(json.dumps({"vstash": version("vstash"), "python": sys.version.split()[0]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
