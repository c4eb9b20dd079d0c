r"""The rows of the files as CSV, counted and hashed in one pass.

The same bytes are hashed, sent to PostgreSQL and written by the export of the loaded table: a
header, then a line for each row, with `id` first, the columns in the order of the model, `\n`
line ends, and nothing for a missing value. No value needs quotes, because the readers accept only
whole numbers and categories of the model.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from census.choices import Split
from census.columns import COLUMNS
from census.ingest.identity import Identity
from census.ingest.inputs import InputFile, plan
from census.ingest.readers.problems import FormatError, Problems
from census.ingest.schema import FILE_COLUMNS
from census.ingest.sources import UCI_MD5, DataFile
from census.ingest.sources.names import FILE_NAMES
from census.ingest.sources.streams import Digest, SourceError

CSV_COLUMNS = ("id", *COLUMNS)
_MAX_REMEMBERED = 100_000  # distinct rows: twice those of UCI, in 18 MB
_ENDINGS = {split: b"," + split.encode() for split in Split}


@dataclass
class _Part:
    """The rows of one split in one file."""

    rows: int = 0
    identity: Identity = field(default_factory=Identity)


class Content:
    """The content of `files`. Its counts and digests are complete when `csv` is exhausted.

    `split` is the split of a file that does not tell its own. `report` is called with a text at
    each step. Raises SourceError for a file of an unknown format.
    """

    def __init__(
        self,
        files: Sequence[DataFile],
        max_errors: int = 1,
        split: Split | None = None,
        report: Callable[[str], object] = str,
    ) -> None:
        self.inputs = plan(files, split)
        self._report = report
        self._problems = Problems(max_errors)
        self._sha256 = hashlib.sha256()
        self.files: list[dict[str, Any]] = []
        self._seen: dict[str, str] = {}  # names of files by the digest of their rows
        self.uci_rows: set[tuple[str, str]] = set()
        self._rows_by_split = dict.fromkeys(Split, 0)
        self.missing = {column.name: 0 for column in FILE_COLUMNS if column.nullable}
        self.complete_rows = 0
        self.csv_bytes = 0
        self._distinct: set[bytes] | None = set()

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
        """The number of rows that equal an earlier one; None if there are too many to remember."""
        return None if self._distinct is None else self.rows - len(self._distinct)

    def has_same_files(self, files: Sequence[Mapping[str, Any]]) -> bool:
        """Returns whether these are exactly the files of `Dataset.files`, by their digests.

        It reads all files, which takes a tenth of the time of a load. Raises SourceError.
        """
        self._report("Comparing with what is loaded")
        known: dict[str, set[str]] = {}
        for file in files:
            known.setdefault(file["sha256"], set()).add(file["split"])
        own = {input_file.file.digest().sha256: input_file.split for input_file in self.inputs}
        return own.keys() == known.keys() and all(
            split is None or known[sha256] == {split} for sha256, split in own.items()
        )

    def csv(self, advance: Callable[[int], object] = int) -> Iterator[bytes]:
        """Yields the CSV in chunks; calls `advance` with the number of rows of each chunk.

        Raises SourceError or BadDataError.
        """
        yield self._hash(",".join(CSV_COLUMNS).encode() + b"\n")
        for input_file in self.inputs:
            self._report(f"Reading {input_file.file.name}")
            parts: dict[Split, _Part] = {}
            with input_file.file.open() as stream:
                try:
                    blocks = input_file.format.blocks(stream, input_file.file.name, self._problems)
                    yield from self._lines(input_file, blocks, parts, advance)
                except FormatError as error:
                    raise SourceError(input_file.file.name, str(error)) from error
                digest = stream.digest
            input_file.file.verify(digest)
            self._describe(input_file, digest, parts)
        self._problems.finish()
        self._report("Counting and committing")

    def _lines(
        self,
        input_file: InputFile,
        blocks: Iterator[bytes],
        parts: dict[Split, _Part],
        advance: Callable[[int], object],
    ) -> Iterator[bytes]:
        for block in blocks:
            first = self.rows + 1
            incomplete = self._count_missing(block)
            lines = block.replace(b"?", b"").splitlines()
            self.complete_rows += len(lines) - incomplete
            if input_file.split is None:
                ending, rows = b"\n", self._split_up(input_file, lines, parts)
            else:
                ending, rows = _ENDINGS[input_file.split] + b"\n", lines
                self._count(input_file, input_file.split, rows, parts)
            self._remember(rows)
            chunk = [ending] * (3 * len(lines))
            chunk[0::3] = [b"%d," % number for number in range(first, first + len(lines))]
            chunk[1::3] = lines
            yield self._hash(b"".join(chunk))
            advance(len(lines))

    def _split_up(
        self, input_file: InputFile, lines: Sequence[bytes], parts: dict[Split, _Part]
    ) -> list[bytes]:
        """Counts lines that end with their split; returns them without it."""
        rows = []
        for split, ending in _ENDINGS.items():
            of_split = [line.removesuffix(ending) for line in lines if line.endswith(ending)]
            if of_split:
                self._count(input_file, split, of_split, parts)
                rows += of_split
        return rows

    def _count(
        self, input_file: InputFile, split: Split, rows: Sequence[bytes], parts: dict[Split, _Part]
    ) -> None:
        if split not in parts:
            for file in self.files:
                if file["split"] == split:
                    raise SourceError(
                        input_file.file.name,
                        f"is a second {split} file beside {file['name']}; give one",
                    )
            parts[split] = _Part()
        part = parts[split]
        part.rows += len(rows)
        if input_file.file.authentic_md5 is None:  # else the file's digest is compared
            part.identity.update(rows)
        self._rows_by_split[split] += len(rows)
        if split == Split.TEST and input_file.split and part.identity.continues_after(Split.TEST):
            raise SourceError(
                input_file.file.name,
                "holds all of UCI's adult.test and more rows after it: give adult.data and "
                "adult.test as two files",
            )

    def _describe(
        self, input_file: InputFile, digest: Digest, parts: Mapping[Split, _Part]
    ) -> None:
        """Adds the file to `files`. Raises SourceError for the wrong split or the same rows."""
        for file in self.files:
            if file["sha256"] == digest.sha256:
                raise _given_twice(input_file, file["name"])
        for split in FILE_NAMES:
            if split not in parts:
                continue
            part = parts[split]
            key = part.identity.key if input_file.file.authentic_md5 is None else None
            if key and not input_file.explicit and key in self._seen:
                raise _given_twice(input_file, self._seen[key])
            if key:
                self._seen[key] = input_file.file.name
            uci = part.identity.uci_file
            if uci and uci != split and not input_file.explicit:
                raise SourceError(
                    input_file.file.name,
                    f"holds the rows of UCI's {FILE_NAMES[uci]}, but is given as {split} data: "
                    f"are the two files exchanged? Rename it to {FILE_NAMES[uci]}",
                )
            if uci == split:
                self.uci_rows.add((input_file.file.name, split.value))
            self.files.append(
                {
                    "name": input_file.file.name,
                    "split": split.value,
                    **asdict(digest),
                    "rows": part.rows,
                    "authentic": digest.md5 == UCI_MD5[split],
                }
            )

    def _remember(self, rows: Sequence[bytes]) -> None:
        if self._distinct is not None:
            self._distinct.update(rows)
            if len(self._distinct) > _MAX_REMEMBERED:
                self._distinct = None

    def _hash(self, chunk: bytes) -> bytes:
        self._sha256.update(chunk)
        self.csv_bytes += len(chunk)
        return chunk

    def _count_missing(self, block: bytes) -> int:
        """Counts the missing values of `block` by column; returns the number of rows with any."""
        incomplete = 0
        position = block.find(b"?")
        while position >= 0:
            start = block.rfind(b"\n", 0, position) + 1
            end = block.find(b"\n", position)
            values = block[start:end].split(b",")
            for column, value in zip(FILE_COLUMNS, values, strict=False):  # a split can follow
                if value == b"?":
                    self.missing[column.name] += 1
            incomplete += 1
            position = block.find(b"?", end)
        return incomplete


def _given_twice(input_file: InputFile, name: str) -> SourceError:
    return SourceError(input_file.file.name, f"holds the same people as {name}: give another file")
