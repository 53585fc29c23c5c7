"""Learning with four bits: the feed-forward weights as GGUF's Q4_0 will hold them while a step looks at them."""

from contextlib import contextmanager

import torch


def q4_0(weight):
    """What is left of a matrix: blocks of 32 along its rows, 16 levels each, the largest number of a block exactly kept."""
    blocks = weight.reshape(-1, 32)
    largest = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))
    step = largest / -8
    levels = torch.where(step == 0, 8.0, blocks / step + 8.5).floor().clamp(0, 15)
    return ((levels - 8) * step.half().float()).reshape(weight.shape)


def feed_forward(model):
    return [weight for name, weight in model.named_parameters() if name.endswith(("intermediate.dense.weight", "output.dense.weight")) and ".attention." not in name]


@contextmanager
def rounded(weights):
    """Within it the weights are rounded, in place; afterwards they are again what learning has made of them."""
    kept = [weight.data.clone() for weight in weights]
    for weight in weights:
        weight.data.copy_(q4_0(weight.data))
    yield
    for weight, value in zip(weights, kept):
        weight.data.copy_(value)
