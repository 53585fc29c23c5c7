"""Writes ms-marco-MiniLM-L-12-v2, a reranker that others ship, as a Hugging Face folder, to judge it beside the gate:
python3 train/reranker.py --out FOLDER"""

import argparse
import json
import shutil
from pathlib import Path

from safetensors.torch import save_file

from embedders import marco_folder, pretrained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    config, weights, _ = pretrained("marco")
    config.num_labels, config.architectures = 1, ["BertForSequenceClassification"]
    config.save_pretrained(options.out)
    named = {name if name.startswith("classifier.") else f"bert.{name}": value.contiguous() for name, value in weights.items()}
    save_file(named, options.out / "model.safetensors", metadata={"format": "pt"})
    words = json.loads((marco_folder() / "tokenizer.json").read_text())
    words["truncation"] = words["padding"] = None
    (options.out / "tokenizer.json").write_text(json.dumps(words, ensure_ascii=False))
    for name in ("tokenizer_config.json", "vocab.txt"):
        shutil.copy(marco_folder() / name, options.out / name)


if __name__ == "__main__":
    main()
