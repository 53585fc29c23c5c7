"""Cuts a run's checkpoint into files of at most 15 MB that can travel, and puts them together again.

    python3 train/parts.py cut DIR     DIR/pytorch_model.pt -> DIR/part-00 ...
    python3 train/parts.py join DIR    and back
"""

import sys
from pathlib import Path

PART = 15 * 1000 * 1000


def cut(folder):
    data = (folder / "pytorch_model.pt").read_bytes()
    for number, start in enumerate(range(0, len(data), PART)):
        (folder / f"part-{number:02}").write_bytes(data[start : start + PART])


def join(folder):
    parts = sorted(folder.glob("part-*"))
    if not parts:
        sys.exit(f"{folder} holds no part-00")
    temporary = folder / "pytorch_model.tmp"
    temporary.write_bytes(b"".join(part.read_bytes() for part in parts))
    temporary.replace(folder / "pytorch_model.pt")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("cut", "join"):
        sys.exit(__doc__)
    {"cut": cut, "join": join}[sys.argv[1]](Path(sys.argv[2]))
