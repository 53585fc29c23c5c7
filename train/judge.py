"""The network: a BERT (all-MiniLM-L6-v2, bge-small-en-v1.5 or ms-marco-MiniLM-L-12-v2) whose pooled vector is read by three rows (margin, two cosines), and the gate folded out of them."""

import json
import shutil

import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import nn
from transformers import BertModel

from embedders import minilm_folder, pretrained
from products import products

LONGEST = 320  # tokens of a training pair
CENTRES, SPREADS = (0.45, 0.70), (0.20, 0.09)  # of the cosines of all-MiniLM and of bge: targets of about unit size
MARCO_SCALE, MARCO_LINE = 0.4, 3.6  # of ms-marco-MiniLM's scores: where its best line lies on our development sets


class Judge(nn.Module):
    def __init__(self, start="minilm", frozen=0, exit_block=0):
        """`start`: whose weights; `frozen`: how many of its first layers stay as they are, beside the word embeddings;
        `exit_block`: after how many layers a row of its own guesses the margin, so that clear cases need no more."""
        super().__init__()
        config, weights, _ = pretrained(start)
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
        self.bert = BertModel(config, add_pooling_layer=True)
        nn.init.eye_(self.bert.pooler.dense.weight)  # where the start has no pooler, its vector goes on as it is
        self.bert.load_state_dict(weights, strict=False)
        self.head = nn.Linear(config.hidden_size, 3)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        if "classifier.weight" in weights:  # a cross-encoder's own row is the margin, brought to our scale
            with torch.no_grad():
                self.head.weight[0] = weights["classifier.weight"][0] * MARCO_SCALE
                self.head.bias[0] = (weights["classifier.bias"][0] - MARCO_LINE) * MARCO_SCALE
        layers = config.num_hidden_layers
        assert frozen < layers and (not exit_block or frozen < exit_block < layers), "an exit lies above the frozen layers, below the last"
        self.exit_block = exit_block
        if exit_block:
            self.exit = nn.Linear(config.hidden_size, 1)
            nn.init.normal_(self.exit.weight, std=0.02)
            nn.init.zeros_(self.exit.bias)
            self.exit.register_buffer("block", torch.tensor(exit_block))
        self.frozen = frozen
        still = [self.bert.embeddings.word_embeddings]  # rare words keep what the start knew of them
        if frozen:
            still = [self.bert.embeddings, *self.bert.encoder.layer[:frozen]]
        for part in still:
            part.requires_grad_(False)

    def forward(self, ids, types, mask):
        """(pairs, 3), with the guess of an exit (pairs, 4)"""
        return self.rest(*self.begin(ids, types, mask))

    def begin(self, ids, types, mask):
        """(pairs, tokens, width) after the layers that stay as they are, and what attention must not see."""
        hidden = (1.0 - mask[:, None, None].float()) * torch.finfo(torch.float32).min
        states = self.bert.embeddings(input_ids=ids, token_type_ids=types)
        for layer in self.bert.encoder.layer[: self.frozen]:
            states = layer(states, hidden)
        return states, hidden

    def guess(self, states, hidden):
        """An exit's row of `begin`'s states, without the layers above it: (pairs)"""
        with torch.no_grad():
            for layer in self.bert.encoder.layer[self.frozen : self.exit_block]:
                states = layer(states, hidden)
            with torch.autocast("cpu", enabled=False):
                return self.exit(states[:, 0].float())[:, 0]

    def rest(self, states, hidden):
        """What `forward` returns, of `begin`'s states."""
        *layers, last = self.bert.encoder.layer[self.frozen :]
        guesses = []
        for number, layer in enumerate(layers, self.frozen + 1):
            states = layer(states, hidden)
            if number == self.exit_block:
                guesses.append(states[:, 0].float())
        pooled = self.bert.pooler(first_token(last, states, hidden))
        with torch.autocast("cpu", enabled=False):
            return torch.cat((self.head(pooled.float()), *(self.exit(state) for state in guesses)), 1)


def first_token(layer, states, hidden):
    """(pairs, 1, width): the last layer, of the first token alone, since nothing reads the others."""
    asked, attention = states[:, :1], layer.attention
    heads = attention.self.num_attention_heads

    def split(rows):
        return rows.unflatten(2, (heads, -1)).transpose(1, 2)

    query, key, value = split(attention.self.query(asked)), split(attention.self.key(states)), split(attention.self.value(states))
    shares = torch.softmax(query @ key.transpose(2, 3) * query.shape[3] ** -0.5 + hidden, 3)
    found = (shares.to(value.dtype) @ value).transpose(1, 2).flatten(2)
    return layer.feed_forward_chunk(attention.output(found, asked))


def start_of(names):
    """Whose weights these are, by the names of a run's or of a GGUF's tensors: of twelve layers, or all-MiniLM's six."""
    return "marco" if any(".11." in name for name in names) else "minilm"


def judge_with(weights):
    """The network that these weights of a run belong to."""
    model = Judge(start_of(weights), exit_block=int(weights.get("exit.block", 0)))
    model.load_state_dict(weights)
    return model


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
    """(pairs, 3 or, with an exit, 4) of (query, passage) texts."""
    encoded = words.encode_batch(pairs)
    order = sorted(range(len(pairs)), key=lambda at: -len(encoded[at].ids))
    result = torch.zeros(len(pairs), 4 if model.exit_block else 3)
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


def read_gate(model, reader):
    """Takes the weights of a gate that was converted to GGUF; the word embeddings stay the start's, the cosines' rows new."""
    found = {}
    if model.exit_block and exit_of(reader) == model.exit_block:
        with torch.no_grad():
            model.exit.weight[0] = torch.tensor(reader.fields["qrag.exit.weight"].contents())
            model.exit.bias[0] = reader.fields["qrag.exit.bias"].contents()
    for tensor in reader.tensors:
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


def exit_of(reader):
    """After how many layers a GGUF's gate has an exit; 0: it has none."""
    field = reader.fields.get("qrag.exit.blocks")
    return field.contents() if field else 0


def weights_of(run):
    """The averaged weights of a run's folder, or those of a gate's GGUF."""
    if run.suffix != ".gguf":
        return torch.load(run / "averaged.pt")
    reader = GGUFReader(run)
    gate = Judge(start_of(tensor.name for tensor in reader.tensors), exit_block=exit_of(reader))
    read_gate(gate, reader)
    return gate.state_dict()


def save_words(source, folder):
    """A start's tokenizer, which then neither cuts nor fills up."""
    words = json.loads((source / "tokenizer.json").read_text())
    words["truncation"] = words["padding"] = None
    (folder / "tokenizer.json").write_text(json.dumps(words, ensure_ascii=False))
    kept = json.loads((source / "tokenizer_config.json").read_text()) | {"model_max_length": 512}
    kept.pop("name_or_path", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(kept, indent=1) + "\n")
    shutil.copy(source / "vocab.txt", folder / "vocab.txt")


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
    config["num_hidden_layers"] = len(model.bert.encoder.layer)
    config |= {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "0", "1": "1"}, "label2id": {"0": 0, "1": 1}, "problem_type": "single_label_classification"}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_words(source, folder)
    for path in folder.iterdir():
        path.chmod(0o644)
