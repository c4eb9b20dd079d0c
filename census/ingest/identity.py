"""Whether rows are those of one of UCI's files, in whatever form they came."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from census.choices import Split


class _Known(NamedTuple):
    rows: int
    md5: str


# Of the rows as the CSV export has them, without `id` and `split`.
UCI_ROWS: Mapping[Split, _Known] = {
    Split.TEST: _Known(16_281, "61a536e1b7574f82f0ed149d6d4d8f54"),
    Split.TRAIN: _Known(32_561, "2ae33765d8a0e7f6571592128182848d"),
}
# SHA-256 of the CSV export of both files, of training alone and of test alone.
UCI_CONTENT = frozenset(
    {
        "264a2679db87d2ac6838517b8792ebb33ca73057ac16ea14fb3b5546c5366e24",
        "e168d22f21dcbaada2d6f07db2792745de8480d06b901d0384ce97c03d7e6524",
        "a06c7072198f64a9f497d1fef60417963a8a9b2ad90586ac7b804c07427a038c",
    }
)
_FEWEST = 10  # fewer may be alike by chance
_MOST = max(known.rows for known in UCI_ROWS.values())


class Identity:
    """Compares rows with those of UCI's files as they pass, as far as these go."""

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.rows = 0
        self._found: Split | None = None

    def update(self, rows: Sequence[bytes]) -> None:
        before, self.rows = self.rows, self.rows + len(rows)
        if before >= _MOST:
            return
        for split, known in UCI_ROWS.items():
            if before < known.rows <= self.rows:
                md5 = self._md5.copy()
                md5.update(_joined(rows[: known.rows - before]))
                if md5.hexdigest() == known.md5:
                    self._found = split
        self._md5.update(_joined(rows))

    @property
    def key(self) -> str | None:
        """A digest that tells these rows from others; None where they are too many or few."""
        return self._md5.hexdigest() if _FEWEST <= self.rows <= _MOST else None

    @property
    def whole(self) -> Split | None:
        """The file of UCI's that these rows are, no more and no less."""
        return self._found if self._found and self.rows == UCI_ROWS[self._found].rows else None

    def goes_on_after(self, split: Split) -> bool:
        """Returns whether these are all rows of that file of UCI's, and others after them."""
        return self._found == split and self.rows > UCI_ROWS[split].rows


def _joined(rows: Sequence[bytes]) -> bytes:
    return b"\n".join(rows) + b"\n"
