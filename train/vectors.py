"""Vectors of texts by an untouched embedder, kept in a folder, so that each text is embedded once."""

import hashlib
from pathlib import Path

import numpy as np

from embedders import Embedder


def key(text, queries):
    return hashlib.sha1(f"{queries:d}{text}".encode()).digest()[:12]


class Vectors:
    def __init__(self, folder, name):
        self.path, self.name, self.embedder = Path(folder) / f"vectors-{name}.npz", name, None
        self.places, self.stored = {}, np.zeros((0, 384), np.float16)
        if self.path.exists():
            kept = np.load(self.path)
            self.stored = kept["vectors"]
            self.places = {bytes(row): number for number, row in enumerate(kept["keys"])}

    def add(self, texts, queries, found):
        for text in texts:
            self.places[key(text, queries)] = len(self.places)
        self.stored = np.concatenate((self.stored, found))

    def of(self, texts, queries=False, tell=None):
        """(texts, 384)"""
        keys = [key(text, queries) for text in texts]
        missing = list({at: text for at, text in zip(keys, texts) if at not in self.places}.values())
        if missing:
            self.embedder = self.embedder or Embedder(self.name)
            for start in range(0, len(missing), 16000):
                part = missing[start : start + 16000]
                self.add(part, queries, self.embedder.embed(part, queries, tokens=40 if queries else 160, tell=tell))
                self.save()
        return self.stored[[self.places[at] for at in keys]]

    def save(self):
        keys = np.frombuffer(b"".join(self.places), np.uint8).reshape(-1, 12)
        temporary = self.path.with_name(f"part-{self.path.name}")
        np.savez(temporary, keys=keys, vectors=self.stored)
        temporary.replace(self.path)
