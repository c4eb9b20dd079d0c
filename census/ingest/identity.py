"""Recognises the rows of UCI's files in any file format."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from census.choices import Split


class _KnownRows(NamedTuple):
    rows: int
    md5: str


# The digests are of the rows as in the CSV export, without `id` and `split`.
UCI_ROWS: Mapping[Split, _KnownRows] = {
    Split.TEST: _KnownRows(16_281, "61a536e1b7574f82f0ed149d6d4d8f54"),
    Split.TRAIN: _KnownRows(32_561, "2ae33765d8a0e7f6571592128182848d"),
}
# SHA-256 of the CSV export of both files, of adult.data alone and of adult.test alone.
UCI_CONTENT = frozenset(
    {
        "264a2679db87d2ac6838517b8792ebb33ca73057ac16ea14fb3b5546c5366e24",
        "e168d22f21dcbaada2d6f07db2792745de8480d06b901d0384ce97c03d7e6524",
        "a06c7072198f64a9f497d1fef60417963a8a9b2ad90586ac7b804c07427a038c",
    }
)
_MIN_ROWS = 10  # fewer rows can be equal by chance
_MAX_ROWS = max(known.rows for known in UCI_ROWS.values())


class Identity:
    """Compares the rows of a file with those of UCI's files while they are read."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.rows = 0
        self._begins_with: Split | None = None

    def update(self, rows: Sequence[bytes]) -> None:
        before, self.rows = self.rows, self.rows + len(rows)
        if before >= _MAX_ROWS:
            return
        for split, known in UCI_ROWS.items():
            if before < known.rows <= self.rows:
                md5 = self._md5.copy()
                md5.update(_joined(rows[: known.rows - before]))
                if md5.hexdigest() == known.md5:
                    self._begins_with = split
        self._md5.update(_joined(rows))

    @property
    def key(self) -> str | None:
        """A digest of the rows; None if there are too many or too few rows to compare."""
        return self._md5.hexdigest() if _MIN_ROWS <= self.rows <= _MAX_ROWS else None

    @property
    def uci_file(self) -> Split | None:
        """The split of UCI's file that has exactly these rows; None if there is none."""
        split = self._begins_with
        return split if split and self.rows == UCI_ROWS[split].rows else None

    def continues_after(self, split: Split) -> bool:
        """Returns whether these are all rows of UCI's file of this split, and more after them."""
        return self._begins_with == split and self.rows > UCI_ROWS[split].rows


def _joined(rows: Sequence[bytes]) -> bytes:
    return b"\n".join(rows) + b"\n"
