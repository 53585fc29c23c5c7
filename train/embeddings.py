"""Token embeddings to start from: a truncated SVD of the corpus' positive pointwise mutual information."""

import numpy as np
import torch

WINDOW = 5
SMOOTHING = 0.75  # exponent of the context counts, so that rare contexts weigh less


def cooccurrences(tokens, starts, size):
    """How often two tokens stand within WINDOW of each other in a passage, nearer ones counted more. (size, size)"""
    passage = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(np.asarray(starts, np.int64)))
    counts = np.zeros(size * size, np.float32)
    wide = tokens.astype(np.int64)
    for distance in range(1, WINDOW + 1):
        same = passage[distance:] == passage[:-distance]
        pairs = wide[:-distance][same] * size + wide[distance:][same]
        for part in np.array_split(pairs, 4):
            counts += np.bincount(part, minlength=size * size).astype(np.float32) * (1 / distance)
    counts = torch.from_numpy(counts.reshape(size, size))
    return counts + counts.T


def start_embeddings(tokens, starts, size, width, seed=0):
    """(size, width), rows of length 1 around their mean."""
    torch.manual_seed(seed)
    counts = cooccurrences(tokens, starts, size)
    total = counts.sum()
    rows = counts.sum(1).clamp_min(1)
    contexts = rows**SMOOTHING
    contexts = contexts / contexts.sum()
    counts.div_(rows[:, None]).div_(contexts[None, :]).clamp_min_(1e-12).log_().clamp_min_(0)
    u, s, _ = torch.svd_lowrank(counts, q=width + 16, niter=3)
    vectors = u[:, :width] * s[:width].sqrt()
    vectors = vectors - vectors.mean(0)
    unseen = rows <= 1
    vectors[unseen] = torch.randn(int(unseen.sum()), width) * vectors[~unseen].std()
    return torch.nn.functional.normalize(vectors, dim=1) if total > 0 else vectors
