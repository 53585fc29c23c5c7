"""The decoder: grouped-query attention, SwiGLU, RoPE, RMSNorm, tied embeddings, optional multi-token-prediction heads.

The decision head is two rows of the tied embeddings: those of the tokens "0" and "1".
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import nn
from torch.nn import functional as F

POSITION_FREE = 1e12  # a RoPE frequency divided by this turns nothing


@dataclass
class Config:
    vocab_size: int = 16384
    d_model: int = 256
    n_layer: int = 6
    n_head: int = 4
    n_kv_head: int = 2
    d_ff: int = 704
    block_size: int = 512
    norm_eps: float = 1e-5
    rope_base: float = 10000.0
    free: float = 0.5  # share of each head's dimension pairs without position, the slowest ones
    n_mtp: int = 0  # tokens after the next that extra heads predict while pretraining


def compiled(*parts):
    """Compiles modules where they are, if this PyTorch can."""
    for part in parts:
        if hasattr(part, "compile"):
            part.compile(dynamic=True)


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)).to(x.dtype) * self.weight.to(x.dtype)


def turn(x, cos, sin):
    """RoPE in the half-split order. x: (batch, heads, positions, width)."""
    first, second = x.chunk(2, -1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)


def attention(q, k, v):
    """Plain causal attention: on a CPU its backward pass takes a fraction of the fused one's."""
    length = q.shape[2]
    scores = q @ k.transpose(2, 3) * q.shape[3] ** -0.5
    future = torch.ones(length, length, dtype=torch.bool, device=q.device).triu(1)
    return scores.float().masked_fill(future, float("-inf")).softmax(-1).to(v.dtype) @ v


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.width = config.d_model // config.n_head
        self.heads, self.kv_heads = config.n_head, config.n_kv_head
        self.norm_attn = RMSNorm(config.d_model, config.norm_eps)
        self.wq = nn.Linear(config.d_model, self.heads * self.width, bias=False)
        self.wk = nn.Linear(config.d_model, self.kv_heads * self.width, bias=False)
        self.wv = nn.Linear(config.d_model, self.kv_heads * self.width, bias=False)
        self.wo = nn.Linear(self.heads * self.width, config.d_model, bias=False)
        self.norm_ffn = RMSNorm(config.d_model, config.norm_eps)
        self.ffn_gate = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.ffn_up = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.ffn_down = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        y = self.norm_attn(x)
        q = turn(self.wq(y).view(batch, length, self.heads, self.width).transpose(1, 2), cos, sin)
        k = turn(self.wk(y).view(batch, length, self.kv_heads, self.width).transpose(1, 2), cos, sin)
        v = self.wv(y).view(batch, length, self.kv_heads, self.width).transpose(1, 2)
        k = k.repeat_interleave(self.heads // self.kv_heads, 1)
        v = v.repeat_interleave(self.heads // self.kv_heads, 1)
        y = attention(q, k, v) if x.device.type == "cpu" else F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.wo(y.transpose(1, 2).reshape(batch, length, -1))
        y = self.norm_ffn(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(y)) * self.ffn_up(y))


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        self.mtp_heads = nn.ModuleList(nn.Linear(config.d_model, config.d_model, bias=False) for _ in range(config.n_mtp))
        pairs = config.d_model // config.n_head // 2
        factors = torch.ones(pairs)
        factors[pairs - round(pairs * config.free) :] = POSITION_FREE
        self.register_buffer("rope_freqs", factors)
        self.start()

    def start(self):
        """Queries and keys begin as one orthogonal projection in the dimensions without position, so that equal words
        find each other as far apart as they are; values and outputs as another and its transpose, so that what is found
        comes back as it was. Embeddings have length 1; what a block adds begins at about half of that."""
        config = self.config
        size = config.d_model
        width, share = size // config.n_head, config.n_head // config.n_kv_head
        free = (self.rope_freqs > 1).repeat(2)
        nn.init.normal_(self.embed.weight, std=size**-0.5)
        with torch.no_grad():
            for block in self.blocks:
                for linear in (block.wq, block.wk, block.ffn_gate, block.ffn_up):
                    nn.init.normal_(linear.weight, std=size**-0.5)
                nn.init.normal_(block.ffn_down.weight, std=0.75 * (size * config.d_ff) ** -0.5)
                for kv in range(config.n_kv_head):
                    look, carry = (nn.init.orthogonal_(torch.empty(width, size)) for _ in range(2))
                    look = look[free] * (width / max(1, int(free.sum()))) ** 0.5
                    block.wk.weight[kv * width : (kv + 1) * width][free] = look
                    block.wv.weight[kv * width : (kv + 1) * width] = carry
                    for head in range(kv * share, (kv + 1) * share):
                        columns = slice(head * width, (head + 1) * width)
                        block.wq.weight[columns][free] = look
                        block.wo.weight[:, columns] = carry.T * (0.5 * size**-0.5)

    def angles(self, length, dtype):
        pairs = len(self.rope_freqs)
        steps = torch.arange(pairs, device=self.rope_freqs.device, dtype=torch.float32)
        frequencies = self.config.rope_base ** (-steps / pairs) / self.rope_freqs
        angles = torch.arange(length, device=frequencies.device)[:, None] * frequencies
        return angles.cos().to(dtype), angles.sin().to(dtype)

    def forward(self, tokens, dtype=torch.float32, between=None):
        """(batch, positions) -> (batch, positions, d_model), normalized: the input of every head. What each block gives
        is added to the list `between`."""
        x = self.embed(tokens).to(dtype)
        cos, sin = self.angles(tokens.shape[1], dtype)
        for block in self.blocks:
            x = block(x, cos, sin)
            if between is not None:
                between.append(x)
        return self.norm(x)

    def logits(self, hidden):
        return F.linear(hidden, self.embed.weight.to(hidden.dtype))

    def checkpoint(self):
        """What torch.save writes, in the layout of the published file: matrices in half precision."""
        state = {name: value.half() if value.dim() == 2 else value for name, value in self.state_dict().items()}
        return {"model_cfg": asdict(self.config), "model_state": {name: value.cpu() for name, value in state.items()}}
