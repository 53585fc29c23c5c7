"""Language-model pretraining on the corpus, with heads that predict tokens further on."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from corpus import TRAIN
from finetune import clock, rate
from optimizer import optimizers

LENGTH = 256


def laid_out(data, rng):
    """All training passages in a random order, laid end to end."""
    mine = np.nonzero(data.split == TRAIN)[0]
    order = rng.permutation(mine)
    newline = data.words.encode("\n")
    return np.concatenate([part for row in order for part in (data.passage(row), newline)]).astype(np.int64)


def pretrain(model, data, minutes, out, options, device="cpu", dtype=torch.bfloat16):
    """Trains for so many minutes; every SHARE-th position is predicted, so that a CPU is not busy with the vocabulary."""
    share = 1 if device != "cpu" else 8
    tools = optimizers(model, [], options)
    rng = np.random.default_rng(options.seed + 1)
    torch_rng = torch.Generator(device).manual_seed(options.seed + 1)
    ahead = 1 + model.config.n_mtp
    rows = max(1, options.batch // LENGTH)
    text = cursor = None
    began = told = clock(device)
    step, losses = 0, []
    while clock(device) - began < minutes * 60:
        if text is None or cursor + rows * LENGTH + ahead >= len(text):
            text, cursor = laid_out(data, rng), int(rng.integers(LENGTH))
        starts = cursor + LENGTH * np.arange(rows)
        cursor += rows * LENGTH
        tokens = torch.from_numpy(text[starts[:, None] + np.arange(LENGTH + ahead)]).to(device)
        for tool in tools:
            for group in tool.param_groups:
                group["lr"] = group["top"] * rate((clock(device) - began) / (minutes * 60))
        with torch.autocast(device, dtype=dtype):
            hidden = model(tokens[:, :LENGTH], dtype)
            places = torch.randperm(LENGTH, device=device, generator=torch_rng)[: LENGTH // share]
            read = hidden[:, places]
            loss = F.cross_entropy(model.logits(read).float().flatten(0, 1), tokens[:, places + 1].flatten())
            total = loss
            for further, head in enumerate(model.mtp_heads, 2):
                logits = model.logits(head(read)).float().flatten(0, 1)
                total = total + 0.3 * F.cross_entropy(logits, tokens[:, places + further].flatten())
        total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for tool in tools:
            tool.step()
            tool.zero_grad(set_to_none=True)
        losses.append(loss.item())
        step += 1
        if clock(device) - told > options.tell:
            told = clock(device)
            print(f"pretraining {(told - began) / 60:.1f} min  step {step}  {step * rows * LENGTH / 1e6:.1f} M tokens  loss {np.mean(losses):.3f}", flush=True)
            losses = []
    torch.save(model.state_dict(), out / "pretrained.pt")
