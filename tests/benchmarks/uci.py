"""Larger files in UCI's format, with rows sampled from the bundled files.

`python tests/benchmarks/uci.py FOLDER TIMES [SEED]`
"""

import gzip
import random
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "census" / "data"
_BLOCK = 50_000


def write(folder: Path, times: int, seed: int = 1994) -> None:
    """Writes adult.data and adult.test with `times` the rows of UCI's; with 1 they are UCI's."""
    draw = random.Random(seed)
    for name in ("adult.data", "adult.test"):
        lines = gzip.decompress((DATA / f"{name}.gz").read_bytes()).splitlines(keepends=True)
        rows = [line for line in lines if line.count(b",") == 14]
        with (folder / name).open("wb") as file:
            file.writelines(line for line in lines[:1] if line not in rows)
            left = len(rows) * times
            while left:
                drawn = rows if times == 1 else draw.choices(rows, k=min(left, _BLOCK))
                file.write(b"".join(drawn))
                left -= len(drawn)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:]))
