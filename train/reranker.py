"""Writes ms-marco-MiniLM-L-12-v2, a reranker that others ship, as a Hugging Face folder, to judge it beside the gate:
python3 train/reranker.py --out FOLDER"""

import argparse
from pathlib import Path

from safetensors.torch import save_file

from embedders import pretrained
from judge import save_words


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    config, weights, words = pretrained("marco")
    config.num_labels, config.architectures = 1, ["BertForSequenceClassification"]
    config.save_pretrained(options.out)
    named = {name if name.startswith("classifier.") else f"bert.{name}": value.contiguous() for name, value in weights.items()}
    save_file(named, options.out / "model.safetensors", metadata={"format": "pt"})
    save_words(words.parent, options.out)


if __name__ == "__main__":
    main()
