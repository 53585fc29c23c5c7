"""Which numbers products are made of: bfloat16 where the processor is faster with them, and floats elsewhere."""

import functools
import time

import torch


@functools.cache
def bfloat16_pays():
    """Some processors have bfloat16 products at half the speed of floats: both are tried, on a shape of the model's."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    for kind in (torch.bfloat16, torch.float32):
        left, right = torch.ones(1024, 384, dtype=kind), torch.ones(1536, 384, dtype=kind)
        tries = []
        for _ in range(8):
            start = time.perf_counter()
            torch.nn.functional.linear(left, right)
            tries.append(time.perf_counter() - start)
        times.append(min(tries))
    torch.set_num_threads(threads)
    return times[0] < times[1]


def products():
    """The context in which networks are computed."""
    return torch.autocast("cpu", torch.bfloat16, enabled=bfloat16_pays())
