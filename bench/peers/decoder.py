# The decoder in PyTorch, fp32, as its checkpoint is meant to be run: tokens in, margin out, a line of JSON each.
import json
import sys

import torch
from torch.nn.functional import embedding, linear, silu

# A torch without MKL may multiply by a BLAS in plain loops (Debian's does): its oneDNN is twenty times faster.
one_dnn = torch.backends.mkldnn.is_available() and not torch.backends.mkl.is_available()


def packed(matrix):
    return matrix.contiguous().to_mkldnn() if one_dnn else matrix


def product(x, matrix):
    """x: [rows, inner], matrix: packed [outer, inner] -> [rows, outer]"""
    result = linear(packed(x), matrix)
    return result.to_dense() if one_dnn else result


def norm(x, weight, epsilon):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon) * weight


def rotated(x, cos, sin):
    """x: [heads, length, width]; neighbours are turned against each other."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


def attention(x, weights, name, config, cos, sin, ahead):
    length, width = x.shape
    heads, heads_kv = config["n_heads"], config["n_kv_heads"]
    head = width // heads

    def project(part, count):
        rows = product(x, weights[f"{name}.{part}.weight"])
        return rows.view(length, count, head).transpose(0, 1)

    q = rotated(project("wq", heads), cos, sin)
    keys = [packed(k) for k in rotated(project("wk", heads_kv), cos, sin)]
    values = [packed(v.t()) for v in project("wv", heads_kv)]
    # Each key and value head serves several query heads.
    served = [i * heads_kv // heads for i in range(heads)]
    products = torch.stack([product(q[i], keys[kv]) for i, kv in enumerate(served)])
    shares = torch.softmax(products / head**0.5 + ahead, -1)
    mixed = torch.cat([product(shares[i], values[kv]) for i, kv in enumerate(served)], 1)
    return product(mixed, weights[f"{name}.wo.weight"])


def feed_forward(x, weights, name):
    gate = product(x, weights[f"{name}.w1.weight"])
    up = product(x, weights[f"{name}.w3.weight"])
    return product(silu(gate) * up, weights[f"{name}.w2.weight"])


def margin(tokens, weights, config, digits):
    head = config["d_model"] // config["n_heads"]
    epsilon = config["norm_eps"]
    places = torch.arange(len(tokens), dtype=torch.float32)
    speeds = config["rope_theta"] ** (-torch.arange(0, head, 2, dtype=torch.float32) / head)
    angles = torch.outer(places, speeds)
    cos, sin = angles.cos(), angles.sin()
    ahead = torch.full((len(tokens), len(tokens)), float("-inf")).triu(1)

    table = weights["tok_embeddings.weight"]
    x = embedding(torch.tensor(tokens), table)
    for layer in range(config["n_layers"]):
        name = f"layers.{layer}"
        normed = norm(x, weights[f"{name}.attention_norm.weight"], epsilon)
        x = x + attention(normed, weights, f"{name}.attention", config, cos, sin, ahead)
        normed = norm(x, weights[f"{name}.ffn_norm.weight"], epsilon)
        x = x + feed_forward(normed, weights, f"{name}.feed_forward")
    zero, one = table[digits] @ norm(x[-1], weights["norm.weight"], epsilon)
    return float(one - zero)


def main():
    path, threads, *digits = sys.argv[1:]
    torch.set_num_threads(int(threads))
    checkpoint = torch.load(path, map_location="cpu")
    weights = checkpoint["model_state"]
    for name, weight in weights.items():
        if weight.dim() == 2 and not name.startswith("tok"):
            weights[name] = packed(weight)
    print(json.dumps({"version": torch.__version__}), flush=True)
    with torch.no_grad():
        for line in sys.stdin:
            answer = margin(
                json.loads(line),
                weights,
                checkpoint["model_cfg"],
                [int(digit) for digit in digits],
            )
            print(json.dumps(answer), flush=True)


main()
