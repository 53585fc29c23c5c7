"""The network: a BERT whose pooled vector is read by three rows (margin, two cosines), and the gate folded out of them."""

import json
import shutil

import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from transformers import BertConfig, BertModel

from embedders import minilm_folder
from products import products

LONGEST = 320  # tokens of a training pair
CENTRES, SPREADS = (0.45, 0.70), (0.20, 0.09)  # of the cosines of all-MiniLM and of bge: targets of about unit size


class Judge(nn.Module):
    def __init__(self):
        super().__init__()
        config = BertConfig.from_pretrained(minilm_folder(), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        config._attn_implementation = "eager"
        self.bert = BertModel(config, add_pooling_layer=True)
        kept = {name: value for name, value in load_file(minilm_folder() / "model.safetensors").items() if "position_ids" not in name}
        self.bert.load_state_dict(kept, strict=False)
        self.head = nn.Linear(config.hidden_size, 3)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.bert.embeddings.word_embeddings.weight.requires_grad_(False)  # rare words keep what the start knew of them

    def forward(self, ids, types, mask):
        """(pairs, 3)"""
        pooled = self.bert(ids, attention_mask=mask, token_type_ids=types).pooler_output
        with torch.autocast("cpu", enabled=False):
            return self.head(pooled.float())


def tokenizer(longest=LONGEST):
    words = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    words.no_padding()
    words.enable_truncation(longest)
    return words


def tensors(encoded):
    """Padded (ids, types, mask) of encoded pairs."""
    longest = max(len(one.ids) for one in encoded)
    ids, types, mask = (torch.zeros(len(encoded), longest, dtype=torch.long) for _ in range(3))
    for row, one in enumerate(encoded):
        size = len(one.ids)
        ids[row, :size] = torch.tensor(one.ids)
        types[row, :size] = torch.tensor(one.type_ids)
        mask[row, :size] = 1
    return ids, types, mask


def outputs(model, words, pairs, budget=8192):
    """(pairs, 3) of (query, passage) texts."""
    encoded = words.encode_batch(pairs)
    order = sorted(range(len(pairs)), key=lambda at: -len(encoded[at].ids))
    result = torch.zeros(len(pairs), 3)
    at = 0
    model.eval()
    while at < len(order):
        part = order[at : at + max(1, budget // len(encoded[order[at]].ids))]
        at += len(part)
        with torch.no_grad(), products():
            result[part] = model(*tensors([encoded[number] for number in part]))
    return result.numpy()


LAYER = {
    "attn_q": "attention.self.query", "attn_k": "attention.self.key", "attn_v": "attention.self.value",
    "attn_output": "attention.output.dense", "attn_output_norm": "attention.output.LayerNorm",
    "ffn_up": "intermediate.dense", "ffn_down": "output.dense", "layer_output_norm": "output.LayerNorm",
}  # fmt: skip
AROUND = {
    "token_types": "embeddings.token_type_embeddings", "position_embd": "embeddings.position_embeddings",
    "token_embd_norm": "embeddings.LayerNorm", "cls": "pooler.dense",
}  # fmt: skip


def read_gate(model, path):
    """Takes the weights of a gate that was converted to GGUF; the word embeddings stay the start's, the cosines' rows new."""
    found = {}
    for tensor in GGUFReader(path).tensors:
        name, _, kind = tensor.name.rpartition(".")
        value = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).astype("float32").copy())
        if name == "cls.output":
            row = value[1] - value[0]
            with torch.no_grad():
                (model.head.weight if kind == "weight" else model.head.bias)[0] = row
        elif name.startswith("blk."):
            _, number, part = name.split(".")
            found[f"encoder.layer.{number}.{LAYER[part]}.{kind}"] = value
        elif name in AROUND:
            found[f"{AROUND[name]}.{kind}"] = value
    missing = model.bert.load_state_dict(found, strict=False)
    assert set(missing.missing_keys) <= {"embeddings.word_embeddings.weight", "embeddings.position_ids"}, missing
    assert not missing.unexpected_keys, missing


def save(model, weights, folder):
    """An ordinary BertForSequenceClassification folder whose margin is weights[:3] times the three rows plus weights[3]."""
    folder.mkdir(parents=True, exist_ok=True)
    source = minilm_folder()
    row = model.head.weight.T @ torch.tensor(weights[:3], dtype=torch.float32)
    bias = model.head.bias @ torch.tensor(weights[:3], dtype=torch.float32) + weights[3]
    state = {f"bert.{name}": value.detach().contiguous().clone() for name, value in model.bert.state_dict().items() if "position_ids" not in name}
    state["classifier.weight"] = torch.stack((-row / 2, row / 2)).detach().contiguous()
    state["classifier.bias"] = torch.stack((-bias / 2, bias / 2)).detach().contiguous()
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((source / "config.json").read_text())
    config.pop("_name_or_path", None)
    config |= {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "0", "1": "1"}, "label2id": {"0": 0, "1": 1}, "problem_type": "single_label_classification"}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    words = json.loads((source / "tokenizer.json").read_text())
    words["truncation"] = words["padding"] = None
    (folder / "tokenizer.json").write_text(json.dumps(words, ensure_ascii=False))
    kept = json.loads((source / "tokenizer_config.json").read_text()) | {"model_max_length": 512}
    kept.pop("name_or_path", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(kept, indent=1) + "\n")
    shutil.copy(source / "vocab.txt", folder / "vocab.txt")
    for path in folder.iterdir():
        path.chmod(0o644)
