r"""The rows of a dataset as its CSV export writes them, summed up as they pass.

What is hashed, what is sent to PostgreSQL and what the export of the loaded table gives
are the same bytes: a header, then a line a row, `id` first, the columns in the order of
the model, `\n` line ends, nothing where a value is missing. No value ever needs quotes:
the readers let only whole numbers and categories of the model through.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from census.choices import Split
from census.columns import COLUMNS
from census.ingest.identity import Identity
from census.ingest.inputs import Input, plan
from census.ingest.readers.problems import FormatError, Problems
from census.ingest.schema import FILE_COLUMNS
from census.ingest.sources import UCI_MD5, DataFile
from census.ingest.sources.names import FILE_NAMES
from census.ingest.sources.streams import Digest, SourceError

CSV_COLUMNS = ("id", *COLUMNS)
_MOST_REMEMBERED = 100_000  # different rows: twice UCI's, in 18 MB
_ENDINGS = {split: b"," + split.encode() for split in Split}


@dataclass
class _Part:
    """The rows of one split in one file."""

    rows: int = 0
    identity: Identity = field(default_factory=Identity)


class Content:
    """What `files` hold. The account of it is complete when `csv` is exhausted.

    `split` is that of a file that does not tell it itself; `say` is called with what is done
    now. Raises SourceError for files of an unknown format.
    """

    def __init__(
        self,
        files: Sequence[DataFile],
        max_errors: int = 1,
        split: Split | None = None,
        say: Callable[[str], object] = str,
    ) -> None:
        self.inputs = plan(files, split)
        self._say = say
        self._problems = Problems(max_errors)
        self._sha256 = hashlib.sha256()
        self.files: list[dict[str, Any]] = []
        self._seen: dict[str, str] = {}  # names of files by what tells their rows from others
        self.uci_rows: set[tuple[str, str]] = set()
        self._rows_by_split = dict.fromkeys(Split, 0)
        self.missing = {column.name: 0 for column in FILE_COLUMNS if column.nullable}
        self.complete_rows = 0
        self.csv_bytes = 0
        self._different: set[bytes] | None = set()

    @property
    def rows(self) -> int:
        return sum(self._rows_by_split.values())

    @property
    def rows_by_split(self) -> dict[str, int]:
        return {split.value: rows for split in FILE_NAMES if (rows := self._rows_by_split[split])}

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def duplicate_rows(self) -> int | None:
        """How many rows equal an earlier one; None where too many differ to remember them."""
        return None if self._different is None else self.rows - len(self._different)

    def comes_from(self, files: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the files are, byte for byte, those that `Dataset.files` tells of.

        Reads them through, which takes a tenth of the time of a load. Raises SourceError.
        """
        self._say("Comparing with what is loaded")
        known: dict[str, set[str]] = {}
        for file in files:
            known.setdefault(file["sha256"], set()).add(file["split"])
        here = {given.file.digest().sha256: given.split for given in self.inputs}
        return here.keys() == known.keys() and all(
            split is None or known[sha256] == {split} for sha256, split in here.items()
        )

    def csv(self, advance: Callable[[int], object] = int) -> Iterator[bytes]:
        """Yields the export in chunks; `advance` is called with the rows of each.

        Raises SourceError or BadDataError.
        """
        yield self._account(",".join(CSV_COLUMNS).encode() + b"\n")
        for given in self.inputs:
            self._say(f"Reading {given.file.name}")
            parts: dict[Split, _Part] = {}
            with given.file.open() as stream:
                try:
                    blocks = given.form.blocks(stream, given.file.name, self._problems)
                    yield from self._lines(given, blocks, parts, advance)
                except FormatError as error:
                    raise SourceError(given.file.name, str(error)) from error
                digest = stream.digest
            given.file.verify(digest)
            self._describe(given, digest, parts)
        self._problems.finish()
        self._say("Counting and committing")

    def _lines(
        self,
        given: Input,
        blocks: Iterator[bytes],
        parts: dict[Split, _Part],
        advance: Callable[[int], object],
    ) -> Iterator[bytes]:
        for block in blocks:
            first = self.rows + 1
            incomplete = self._count_missing(block)
            lines = block.replace(b"?", b"").splitlines()
            self.complete_rows += len(lines) - incomplete
            if given.split is None:
                ending, rows = b"\n", self._split_up(given, lines, parts)
            else:
                ending, rows = _ENDINGS[given.split] + b"\n", lines
                self._count(given, given.split, rows, parts)
            self._remember(rows)
            chunk = [ending] * (3 * len(lines))
            chunk[0::3] = [b"%d," % number for number in range(first, first + len(lines))]
            chunk[1::3] = lines
            yield self._account(b"".join(chunk))
            advance(len(lines))

    def _split_up(
        self, given: Input, lines: Sequence[bytes], parts: dict[Split, _Part]
    ) -> list[bytes]:
        """Counts lines that end in their split; returns them without it."""
        rows = []
        for split, ending in _ENDINGS.items():
            found = [line.removesuffix(ending) for line in lines if line.endswith(ending)]
            if found:
                self._count(given, split, found, parts)
                rows += found
        return rows

    def _count(
        self, given: Input, split: Split, rows: Sequence[bytes], parts: dict[Split, _Part]
    ) -> None:
        if split not in parts:
            for file in self.files:
                if file["split"] == split:
                    raise SourceError(
                        given.file.name, f"is a second {split} file beside {file['name']}; give one"
                    )
            parts[split] = _Part()
        part = parts[split]
        part.rows += len(rows)
        if given.file.authentic_md5 is None:  # else the file's digest is compared
            part.identity.update(rows)
        self._rows_by_split[split] += len(rows)
        if split == Split.TEST and given.split and part.identity.goes_on_after(Split.TEST):
            raise SourceError(
                given.file.name,
                "holds all of UCI's adult.test and more rows after it: give adult.data and "
                "adult.test as two files",
            )

    def _describe(self, given: Input, digest: Digest, parts: Mapping[Split, _Part]) -> None:
        """Adds the file to `files`, unless it is known to be of another split or given twice."""
        for file in self.files:
            if file["sha256"] == digest.sha256:
                raise _given_twice(given, file["name"])
        for split in FILE_NAMES:
            if split not in parts:
                continue
            part = parts[split]
            key = part.identity.key if given.file.authentic_md5 is None else None
            if key and not given.explicit and key in self._seen:
                raise _given_twice(given, self._seen[key])
            if key:
                self._seen[key] = given.file.name
            uci = part.identity.whole
            if uci and uci != split and not given.explicit:
                raise SourceError(
                    given.file.name,
                    f"holds the rows of UCI's {FILE_NAMES[uci]}, but is given as {split} data: "
                    f"are the two exchanged? Give it a name as {FILE_NAMES[uci]} has",
                )
            if uci == split:
                self.uci_rows.add((given.file.name, split.value))
            self.files.append(
                {
                    "name": given.file.name,
                    "split": split.value,
                    **asdict(digest),
                    "rows": part.rows,
                    "authentic": digest.md5 == UCI_MD5[split],
                }
            )

    def _remember(self, rows: Sequence[bytes]) -> None:
        if self._different is not None:
            self._different.update(rows)
            if len(self._different) > _MOST_REMEMBERED:
                self._different = None

    def _account(self, chunk: bytes) -> bytes:
        self._sha256.update(chunk)
        self.csv_bytes += len(chunk)
        return chunk

    def _count_missing(self, block: bytes) -> int:
        """Counts the missing values of `block` by column; returns in how many rows they are."""
        incomplete = 0
        position = block.find(b"?")
        while position >= 0:
            start = block.rfind(b"\n", 0, position) + 1
            end = block.find(b"\n", position)
            values = block[start:end].split(b",")
            for column, value in zip(FILE_COLUMNS, values, strict=False):  # a split may follow
                if value == b"?":
                    self.missing[column.name] += 1
            incomplete += 1
            position = block.find(b"?", end)
        return incomplete


def _given_twice(given: Input, name: str) -> SourceError:
    return SourceError(given.file.name, f"holds the same people as {name}: give another file")
