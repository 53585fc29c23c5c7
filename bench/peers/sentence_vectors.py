# Texts to vectors by sentence-transformers: a JSON list from one file, rows of float32 into another.
import json
import sys

import sentence_transformers
import torch
import transformers

transformers.utils.logging.disable_progress_bar()


def main():
    model_path, texts_path, vectors_path, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    with open(texts_path, encoding="utf-8") as file:
        texts = json.load(file)
    model = sentence_transformers.SentenceTransformer(model_path, device="cpu", local_files_only=True)
    vectors = model.encode(texts, batch_size=32, convert_to_numpy=True, normalize_embeddings=True)
    vectors.astype("<f4").tofile(vectors_path)
    print(json.dumps({"version": sentence_transformers.__version__}))


main()
