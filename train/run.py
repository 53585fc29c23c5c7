"""Trains a gate from beginning to end inside a time budget.

    python3 train/run.py --minutes 20 --out DIR [--prepared DIR]

uses a CUDA device where there is one and the CPU otherwise. A run that was stopped goes on where it was when it is
started again with the same --out. `--size published` is the published shape; the default fits the device.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch

import evaluate
from batches import Prepared
from corpus import TRAIN
from embeddings import start_embeddings
from finetune import finetune
from model import Config, Decoder, compiled
from pretrain import pretrain
from tokenizer import Tokenizer

HERE = Path(__file__).parent
SIZES = {
    "small": {"d_model": 256, "n_layer": 6, "n_head": 4, "n_kv_head": 4, "d_ff": 704},
    "medium": {"d_model": 320, "n_layer": 6, "n_head": 5, "n_kv_head": 5, "d_ff": 832},
    "published": {"d_model": 512, "n_layer": 12, "n_head": 8, "n_kv_head": 2, "d_ff": 1408, "n_mtp": 2},
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20, help="of training; preparing and evaluating come on top")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--prepared", type=Path, help="what prepare.py wrote; made under OUT when not given")
    parser.add_argument("--size", choices=SIZES, default="published" if torch.cuda.is_available() else "medium")
    parser.add_argument("--pretraining", type=float, default=None, help="share of the minutes for the language model")
    parser.add_argument("--batch", type=int, default=65536 if torch.cuda.is_available() else 16384, help="tokens")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--embedding-rate", type=float, default=0.5, help="the embeddings' share of it")
    parser.add_argument("--muon", action="store_true", help="for the matrices, in place of AdamW")
    parser.add_argument("--matrix-rate", type=float, default=1.6e-3, help="highest learning rate of Muon")
    parser.add_argument("--positive", type=float, default=2.0, help="weight of the positives: with more of it, more is accepted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tell", type=float, default=60, help="seconds between reports")
    return parser.parse_args()


def embeddings(data, size, width, folder):
    """Those to start from, kept beside the prepared data."""
    path = folder / f"embeddings-{width}.pt"
    if not path.exists():
        mine = data.split == TRAIN
        lengths = (data.token_starts[1:] - data.token_starts[:-1]).astype("int64")
        tokens = data.tokens[mine.repeat(lengths)]
        torch.save(start_embeddings(tokens, [0, *lengths[mine].cumsum()], size, width).half(), path)
    return torch.load(path).float()


def main():
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    prepared = options.prepared or options.out
    if not (prepared / "prepared.npz").exists():
        subprocess.run([sys.executable, HERE / "prepare.py", "--out", prepared], check=True)
    words = Tokenizer(prepared / "tokenizer.json")
    data = Prepared(prepared / "prepared.npz", words)
    validation = evaluate.read_rows(prepared / "validation.jsonl")
    torch.manual_seed(options.seed)
    model = Decoder(Config(vocab_size=len(words), **SIZES[options.size]))
    start = options.out / "pretrained.pt"
    if start.exists():
        model.load_state_dict(torch.load(start, map_location="cpu"))
    else:
        with torch.no_grad():
            model.embed.weight.copy_(embeddings(data, len(words), model.config.d_model, prepared))
    model.to(device)
    compiled(*model.blocks, model.norm)
    share = options.pretraining if options.pretraining is not None else 0.5 if device == "cuda" else 0.15
    if not start.exists():
        pretrain(model, data, options.minutes * share, options.out, options, device)
    state = finetune(model, data, words, validation[::7], options.minutes * (1 - share), options.out, options, device)

    test = evaluate.read_rows(prepared / "test.jsonl")
    judged = {name: evaluate.summary(evaluate.margins(model, words, rows, device, dtype=torch.float32), rows) for name, rows in (("validation", validation[::3]), ("test", test[::5]))}
    torch.save(model.checkpoint(), options.out / "pytorch_model.pt")
    (options.out / "result.json").write_text(json.dumps({"options": {name: str(value) for name, value in vars(options).items()}, **state, **judged}, indent=1))
    print(json.dumps(judged))


if __name__ == "__main__":
    main()
