"""AdamW for embeddings and vectors; for the matrices AdamW too, or Muon: momentum made orthogonal."""

import torch


def orthogonal(matrix, steps=5):
    """Newton-Schulz: the nearest matrix whose singular values are all about 1."""
    wide = matrix.shape[0] > matrix.shape[1]
    x = matrix.bfloat16()
    x = (x.T if wide else x) / (matrix.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.T if wide else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    def __init__(self, groups, momentum=0.95, weight_decay=0.05):
        super().__init__(groups, {"lr": 0.0, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                update = orthogonal(weight.grad.lerp(state["momentum"], group["momentum"]))
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update, alpha=-group["lr"] * 0.2 * max(weight.shape) ** 0.5)


def optimizers(model, others, options):
    """Those that step together; every group says its highest rate as `top`."""
    matrices = [weight for block in model.blocks for weight in block.parameters() if weight.dim() == 2]
    matrices += list(model.mtp_heads.parameters())
    vectors = [weight for weight in model.parameters() if weight.dim() == 1] + others
    adam = [
        {"params": vectors, "top": options.rate, "weight_decay": 0.0},
        {"params": [model.embed.weight], "top": options.rate * options.embedding_rate, "weight_decay": 0.0},
    ]
    if options.muon:
        return [torch.optim.AdamW(adam, lr=0.0, betas=(0.9, 0.98)), Muon([{"params": matrices, "top": options.matrix_rate}])]
    adam.append({"params": matrices, "top": options.rate, "weight_decay": 0.05})
    return [torch.optim.AdamW(adam, lr=0.0, betas=(0.9, 0.98))]
