"""A pair of encoders, for states and for actions, from all-MiniLM-L6-v2: mean pooling, divided by 10, no normalization.

Embeddings and lower layers stay as they are and belong to both; each encoder has upper layers of its own."""

import copy
import shutil

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn
from transformers import BertConfig, BertModel

from embedders import minilm_folder
from products import products

PART = 64  # tokens of the question, and of each passage in a state
DIVISOR = 10


class Pair(nn.Module):
    def __init__(self, frozen=4):
        super().__init__()
        config = BertConfig.from_pretrained(minilm_folder(), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        config._attn_implementation = "eager"
        bert = BertModel(config, add_pooling_layer=False)
        weights = load_file(minilm_folder() / "model.safetensors")
        bert.load_state_dict({name: value for name, value in weights.items() if "position_ids" not in name and "pooler" not in name})
        self.embeddings, self.lower, self.state = bert.embeddings, bert.encoder.layer[:frozen], bert.encoder.layer[frozen:]
        self.action = copy.deepcopy(self.state)
        self.embeddings.requires_grad_(False)
        self.lower.requires_grad_(False)
        self.words = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
        self.words.no_padding()
        self.words.enable_truncation(PART)

    def encode(self, texts):
        return [encoded.ids for encoded in self.words.encode_batch(texts)]

    @torch.no_grad()
    def below(self, sequences):
        """(hidden values behind the lower layers, mask) of lists of ids."""
        longest = max(map(len, sequences))
        ids, mask = torch.zeros(len(sequences), longest, dtype=torch.long), torch.zeros(len(sequences), longest)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = torch.tensor(sequence)
            mask[row, : len(sequence)] = 1
        with products():
            return through(self.lower, self.embeddings(input_ids=ids), mask), mask


def through(layers, hidden, mask):
    seen = torch.where(mask > 0, 0.0, torch.finfo(torch.float32).min)[:, None, None, :].to(hidden.dtype)
    for layer in layers:
        hidden = layer(hidden, seen)
    return hidden


def vectors(layers, hidden, mask):
    """(texts, 384)"""
    with products():
        hidden = through(layers, hidden, mask).float()
    return (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True) / DIVISOR


def state(question, chosen):
    """The ids of a question and the passages chosen: [CLS] question [SEP] passage [SEP] ..."""
    return question + [token for passage in chosen for token in passage[1:]]


def save(pair, folder):
    """As Q-RAG saves its pairs, with what all-MiniLM says of itself beside: `qrag convert FOLDER --encoder state`."""
    folder.mkdir(parents=True, exist_ok=True)
    critic = {}
    for prefix, layers in (("state_embed.model", pair.state), ("action_embed.model.model", pair.action)):
        for name, value in pair.embeddings.state_dict().items():
            critic[f"{prefix}.embeddings.{name}"] = value
        for number, layer in enumerate([*pair.lower, *layers]):
            for name, value in layer.state_dict().items():
                critic[f"{prefix}.encoder.layer.{number}.{name}"] = value
    torch.save({"critic": critic}, folder / "part")
    (folder / "part").replace(folder / "model_best.pt")
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(minilm_folder() / name, folder / name)
