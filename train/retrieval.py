"""Embedders as retrievers: nDCG@10 over whole sources, none of which trains: python3 train/retrieval.py --models FOLDER...

Every passage of a source is searched, not only those that answer something. The first model, all-MiniLM where none is
named, is what the others are compared with; intervals come from resampling queries."""

import argparse
import json
import random
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from bm25 import Bm25
from corpus import DEVELOPMENT, TEST, data_folder, read_corpus
from embedders import minilm_folder
from heldout import Source, drawn, shown
from products import products

DEEP = 10
SETS = {DEVELOPMENT: ("veterans-benefits", "vue-docs", "rust-book"), TEST: ("conditionalqa-evidence", "stackexchange-small", "redis-docs")}


class Encoder:
    """A BERT of a sentence-transformers folder; vectors have length 1."""

    def __init__(self, folder):
        self.folder = Path(folder)
        config = BertConfig.from_pretrained(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        config._attn_implementation = "eager"
        self.model = BertModel(config, add_pooling_layer=False).eval()
        weights = {name.removeprefix("bert."): value for name, value in load_file(self.folder / "model.safetensors").items()}
        self.model.load_state_dict({name: value for name, value in weights.items() if "pooler" not in name and "position_ids" not in name})
        self.first = bool(self.read("1_Pooling/config.json").get("pooling_mode_cls_token"))
        prompts = self.read("config_sentence_transformers.json").get("prompts") or {}
        self.prompts = prompts.get("query", ""), prompts.get("document", prompts.get("passage", ""))
        self.words = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        self.words.no_padding()

    def read(self, name):
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else {}

    def vectors(self, texts, queries=False, tokens=128, together=16):
        """(texts, width), through which gradients flow; texts of like length are computed together."""
        self.words.enable_truncation(min(tokens, self.model.config.max_position_embeddings))
        prompt = self.prompts[0 if queries else 1]
        ids = [encoded.ids for encoded in self.words.encode_batch([prompt + text for text in texts])]
        order = sorted(range(len(ids)), key=lambda at: -len(ids[at]))
        parts = []
        for start in range(0, len(order), together):
            part = [ids[at] for at in order[start : start + together]]
            batch, mask = (torch.zeros(len(part), len(part[0]), dtype=torch.long) for _ in range(2))
            for row, some in enumerate(part):
                batch[row, : len(some)] = torch.tensor(some)
                mask[row, : len(some)] = 1
            with products():
                hidden = self.model(batch, attention_mask=mask).last_hidden_state.float()
            parts.append(hidden[:, 0] if self.first else (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))
        found = F.normalize(torch.cat(parts), dim=1)
        return found[torch.tensor(np.argsort(order))]

    def embed(self, texts, queries=False, tokens=256, tell=None):
        """(texts, width) without gradients."""
        order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        result = None
        for start in range(0, len(order), 512):
            part = order[start : start + 512]
            with torch.no_grad():
                found = self.vectors([texts[at] for at in part], queries, tokens, together=32).numpy()
            result = np.zeros((len(texts), found.shape[1]), np.float32) if result is None else result
            result[part] = found
            if tell:
                tell(f"{start + len(part)} of {len(texts)} embedded")
        return result

    def save(self, folder):
        """A folder like the one it was read from, with these weights; it appears whole."""
        part = Path(f"{folder}.part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(self.folder, part, ignore=shutil.ignore_patterns("*.bin", "*.onnx", "*.md", "data_config.json", "__pycache__"))
        for path in (part, *part.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        state = {name: value.detach().contiguous().clone() for name, value in self.model.state_dict().items() if "position_ids" not in name}
        save_file(state, part / "model.safetensors", metadata={"format": "pt"})
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)


class Searched:
    """A whole source with its queries: texts, queries, and for each query the places of what answers it."""

    def __init__(self, name, texts, queries, answers):
        self.name, self.texts, self.queries, self.answers = name, texts, queries, answers

    def judged(self, encoder, tell=None):
        """(queries,) nDCG@10 each."""
        told = encoder.embed(self.texts, tell=tell)
        return self.gains(encoder.embed(self.queries, queries=True) @ told.T)

    def worded(self):
        return self.gains(Bm25(self.texts).scores(self.queries, rarest=40))

    def gains(self, scores):
        best = np.argsort(-scores, axis=1, kind="stable")[:, :DEEP]
        worth = 1 / np.log2(np.arange(DEEP) + 2)
        found = [sum(worth[rank] for rank, place in enumerate(row) if place in answers) for row, answers in zip(best, self.answers)]
        return np.array(found) / [worth[: len(answers)].sum() for answers in self.answers]


def sources(split, names, most=200, seed=11):
    """Sources of a held split, whole, each with its natural queries first."""
    passages, pairs, misses = read_corpus(data_folder())
    found = []
    for name in names:
        source = Source(name, split, passages, pairs, misses)
        queries = drawn(source, random.Random(seed), most)
        found.append(Searched(name, [shown(row, "") for row in source.passages], queries, [source.answers[query] for query in queries]))
    return found


def interval(differences, seed=5, times=2000):
    """95 % of the means of resampled queries."""
    drawn_means = np.random.default_rng(seed).choice(differences, (times, len(differences))).mean(1)
    return tuple(np.quantile(drawn_means, (0.025, 0.975)))


def table(sets, figures):
    """Lines of a Markdown table. `figures`: {model: {set: nDCG of each query}}; the last one's gain over the first's."""
    names = list(figures)
    lines = ["| set | passages | queries | BM25 | " + " | ".join(names) + " | difference, 95 % |", "|---|" + "--:|" * (len(names) + 4)]
    for each in sets:
        gained = figures[names[-1]][each.name] - figures[names[0]][each.name]
        low, high = interval(gained)
        means = " | ".join(f"{figures[name][each.name].mean():.3f}" for name in names)
        lines.append(f"| {each.name} | {len(each.texts)} | {len(each.queries)} | {each.worded().mean():.3f} | {means} | {gained.mean():+.4f} ({low:+.4f} to {high:+.4f}) |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, nargs="*", default=[])
    parser.add_argument("--split", choices=(DEVELOPMENT, TEST), default=TEST)
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--most", type=int, default=200, help="queries of a set")
    options = parser.parse_args()
    models = options.models if len(options.models) > 1 else [minilm_folder(), *options.models]
    sets = sources(options.split, options.sets or SETS[options.split], options.most)
    figures = {str(path): {each.name: each.judged(encoder, tell=lambda text: print(text, flush=True)) for each in sets} for path in models for encoder in [Encoder(path)]}
    print("\n".join(table(sets, figures)))


if __name__ == "__main__":
    main()
