"""Teaches the decision: cross-entropy on the answer's token; beside it the language model and two helpers, lightly."""

import math
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import evaluate
from batches import IGNORE, LONGEST, ROLES, Sampler, batches
from corpus import TRAIN
from model import RMSNorm, compiled
from optimizer import optimizers

SHARES = (1.0, 0.05, 0.2, 0.5, 0.5, 0.5)  # of decision, language model, placed, repeated, covered, answered
SAMPLED = 1  # positions of a sequence that the language-model loss looks at: the whole vocabulary is dear on a CPU


class Helpers(nn.Module):
    """Heads of the training alone, asked about every token of query and passage. They show the way to what a gate needs:
    am I in the passage (after the first block), does the query hold this word (half-way), how much of the query was said
    so far (before the last block), was the answer there already (at the end)?"""

    def __init__(self, config):
        super().__init__()
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.placed = nn.Linear(config.d_model, 1)
        self.repeated = nn.Linear(config.d_model, 1)
        self.covered = nn.Linear(config.d_model, 1)
        self.answered = nn.Linear(config.d_model, 1)
        self.halfway = config.n_layer // 2 - 1


def word_labels(tokens, offsets, ends, data):
    """For every token: in the passage? held by the query? what share of the query's rare words came up to here? IGNORE
    where it does not matter."""
    places = torch.arange(tokens.shape[1], device=tokens.device)[None]
    query = (places >= len(data.before_query)) & (places < offsets[:, None] - len(data.before_passage))
    passage = (places >= offsets[:, None]) & (places <= ends[:, None] - len(data.before_answer))
    placed = passage.long().masked_fill(~(query | passage), IGNORE).float()
    longest = int((offsets - len(data.before_passage)).max())
    words = tokens[:, len(data.before_query) : longest]  # (batch, words of the query)
    weights = data.rarity.to(tokens.device)[words] * query[:, len(data.before_query) : longest]
    weights = weights * ~(words[:, :, None] == words[:, None, :]).tril(-1).any(2)  # each word once
    same = (words[:, :, None] == tokens[:, None, :]) & (weights > 0)[:, :, None]
    repeated = (same.any(1) & passage).float().masked_fill(~passage, IGNORE)
    seen = (same & passage[:, None]).cummax(2).values
    share = (seen * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True).clamp_min(1e-3)
    counted = (places >= offsets[:, None]) & (places <= ends[:, None]) & (weights.sum(1, keepdim=True) > 0)
    return placed, repeated, share.masked_fill(~counted, IGNORE)


def asked(head, states, labels, weight=None):
    """Mean cross-entropy of a helper where its labels count."""
    inside = labels != IGNORE
    said = head(states[inside]).float().squeeze(-1)
    return F.binary_cross_entropy_with_logits(said, labels[inside].float(), pos_weight=weight)


def losses(model, helpers, batch, data, device, dtype, rng, positive):
    """The six losses of one batch, and which answers were right."""
    tokens, marks, ends, labels, weights, _, offsets = (torch.from_numpy(part).to(device) for part in batch)
    rows = torch.arange(len(tokens), device=device)
    placed, repeated, covered = word_labels(tokens, offsets, ends, data)
    marks[rows, ends] = IGNORE
    between = []
    with torch.autocast(device, dtype=dtype):
        hidden = model(tokens, dtype, between)
        places = (torch.rand(len(tokens), SAMPLED, device=device, generator=rng) * (ends[:, None] - 1)).long()
        read = torch.cat((hidden[rows, ends][:, None], hidden[rows[:, None], places]), 1)
        logits = model.logits(read).float()
        place = asked(helpers.placed, helpers.norm(between[0]), placed)
        again = asked(helpers.repeated, helpers.norm(between[helpers.halfway]), repeated, torch.tensor(4.0, device=device))
        cover = asked(helpers.covered, helpers.norm(between[-2]), covered)
        along = asked(helpers.answered, hidden, marks)
    two = logits[:, 0, [data.zero, data.one]]
    weights = torch.where(labels == 1, weights * positive, weights)
    decision = (F.cross_entropy(two, labels, reduction="none") * weights).sum() / weights.sum()
    answer = torch.where(labels == 1, data.one, data.zero)
    targets = torch.cat((answer[:, None], tokens[rows[:, None], places + 1]), 1)
    language = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    return (decision, language, place, again, cover, along), two.argmax(1) == labels


def clock(device):
    """Seconds spent. On a CPU those of all threads: what other processes take of it does not count."""
    return time.monotonic() if device == "cuda" else time.process_time() / torch.get_num_threads()


def rate(done, warmup=0.02, decay=0.7):
    """Share of the top learning rate after a share of the time: up, level, down to nothing."""
    if done < warmup:
        return done / warmup
    return min(1.0, max(0.02, (1 - done) / decay))


def room(done, shortest=40, until=0.35):
    """The longest passage, in tokens: finding a word again is learned several times faster on short ones."""
    return int(shortest + (LONGEST - shortest) * min(1.0, done / until) ** 1.5)


def fade(done, begin=0.5, least=0.25):
    """What the helpers still count: in the end the decision is what matters."""
    return 1 - (1 - least) * max(0.0, (done - begin) / (1 - begin))


def finetune(model, data, words, validation, minutes, out, options, device="cpu", dtype=torch.bfloat16):
    """Trains for so many minutes, those of runs that were stopped included; the last weights are the result."""
    helpers = Helpers(model.config).to(device)
    compiled(helpers.norm)
    tools = optimizers(model, list(helpers.parameters()), options)
    state = {"step": 0, "spent": 0.0, "tokens": 0, "pairs": 0}
    resume = out / "finetune.pt"
    if resume.exists():
        saved = torch.load(resume, map_location=device)
        model.load_state_dict(saved["model"])
        helpers.load_state_dict(saved["helpers"])
        for tool, kept in zip(tools, saved["tools"]):
            groups = tool.state_dict()["param_groups"]  # with the rates of this start, which may be others
            tool.load_state_dict({"state": kept["state"], "param_groups": groups})
        state = saved["state"]
    np_rng = np.random.default_rng((options.seed, state["step"]))  # a run that goes on draws other pairs than before
    rng = torch.Generator(device).manual_seed(options.seed + state["step"])
    sampler = Sampler(data, TRAIN, np_rng)
    stream = batches(sampler, options.batch)
    right = {role: [] for role in range(len(ROLES))}
    last_saved = last_told = clock(device)
    means = []
    while state["spent"] < minutes * 60:
        began = clock(device)
        done = state["spent"] / (minutes * 60)
        for tool in tools:
            for group in tool.param_groups:
                group["lr"] = group["top"] * rate(done)
        sampler.room = room(done)
        batch = next(stream)
        parts, answers = losses(model, helpers, batch, data, device, dtype, rng, options.positive)
        helping = fade(done)
        sum(share * part * (1 if index == 0 else helping) for index, (share, part) in enumerate(zip(SHARES, parts))).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for tool in tools:
            tool.step()
            tool.zero_grad(set_to_none=True)
        for role, answer in zip(batch[5], answers.tolist()):
            right[role].append(answer)
        means.append([part.item() for part in parts])
        state["step"] += 1
        state["tokens"] += batch[0].size
        state["pairs"] += len(batch[0])
        now = clock(device)
        state["spent"] += now - began
        if now - last_told > options.tell or state["spent"] >= minutes * 60:
            shares = "  ".join(f"{ROLES[role]} {np.mean(answers):.3f}" for role, answers in right.items() if answers)
            told = " ".join(f"{mean:.3f}" for mean in np.mean(means, 0))
            print(f"{state['spent'] / 60:.1f} min  step {state['step']}  {state['pairs']} pairs  {state['tokens'] / 1e6:.1f} M tokens  loss {told}  {shares}", flush=True)
            print("   validation", evaluate.summary(evaluate.margins(model, words, validation, device), validation), flush=True)
            right, means = {role: [] for role in right}, []
            last_told = clock(device)
        if now - last_saved > 240 or state["spent"] >= minutes * 60:
            last_saved = now
            saved = {"model": model.state_dict(), "helpers": helpers.state_dict(), "tools": [tool.state_dict() for tool in tools], "state": state}
            torch.save(saved, out / "finetune.tmp")
            (out / "finetune.tmp").replace(resume)
    return state
