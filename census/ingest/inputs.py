"""What the files are: the format of each, and which split its rows are of."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from census.choices import Split
from census.ingest import IngestError
from census.ingest.identity import UCI_ROWS, Identity
from census.ingest.readers.problems import FormatError, Problems
from census.ingest.readers.recognition import (
    START,
    WEB_PAGE,
    Format,
    begins_with_marker,
    recognise,
)
from census.ingest.schema import SCHEMA
from census.ingest.sources import UCI_MD5, DataFile
from census.ingest.sources.names import FILE_NAMES
from census.ingest.sources.streams import SourceError

_UCI_SIZE = 2**22  # bytes; neither of UCI's files is as large
_OPTION = "--split"
_ORDER = tuple(FILE_NAMES)  # training before test


@dataclass(frozen=True)
class Input:
    """A file, its format and its split; the split is None where each row says its own.

    `told_by` says how the split is known, which is `explicit` where the user said it.
    """

    file: DataFile
    form: Format
    split: Split | None
    told_by: str

    @property
    def explicit(self) -> bool:
        return self.split is None or self.told_by == _OPTION


def plan(files: Sequence[DataFile], fallback: Split | None) -> list[Input]:
    """Returns what the `files` are, training before test, at most one of each split.

    `fallback` is the split of a file that nothing else tells. Raises SourceError.
    """
    inputs = [_input(file, fallback) for file in files]
    for split in _ORDER:
        same = [given.file.name for given in inputs if given.split == split]
        if len(same) > 1:
            raise SourceError(
                same[1],
                f"is a second {split} file beside {same[0]}; give one, or say by a column "
                "`split` or by the names (adult_train.csv, adult_test.csv) which is which",
            )
    return sorted(inputs, key=lambda given: _ORDER.index(given.split) if given.split else 0)


def _input(file: DataFile, fallback: Split | None) -> Input:
    with file.open() as stream:
        start = stream.read(START)
    try:
        form = recognise(start, SCHEMA, file.open)
    except FormatError as error:
        hint = ""
        if file.raw_address and str(error) == WEB_PAGE:
            hint = f", here perhaps {file.raw_address}"
        raise SourceError(file.name, f"{error}{hint}") from error
    if form.has_split:
        return Input(file, form, None, "its column of splits")
    return Input(file, form, *_split(file, form, start, fallback))


def _split(file: DataFile, form: Format, start: bytes, fallback: Split | None) -> tuple[Split, str]:
    """Returns which split a file is of, and how that is known."""
    named = file.splits_told
    marked = begins_with_marker(start)
    if marked and named == {Split.TRAIN}:
        raise SourceError(
            file.name,
            "begins as UCI's adult.test does, but its name says that it is the training file: "
            "are the two exchanged? Give it as adult.test",
        )
    split, told_by = fallback, _OPTION
    if marked and not named:
        split, told_by = Split.TEST, "its first line, that of UCI's adult.test"
    elif uci := None if len(named) == 1 else _uci_file(file):
        split, told_by = uci, "its digest, that of UCI's file"
    elif len(named) == 1:
        (split,) = named
        told_by = "its name"
    if fallback and split != fallback:
        raise SourceError(
            file.name, f"is of the {split} split by {told_by}: leave out --split {fallback}"
        )
    if split:
        return split, told_by
    if named:
        raise SourceError(file.name, "has both train and test in its name: say which by --split")
    if _holds_uci_test(file, form):
        return Split.TEST, "its rows, those of UCI's adult.test"
    return Split.TRAIN, f"default, as nothing else says it (--split {Split.TEST} makes it test)"


def _holds_uci_test(file: DataFile, form: Format) -> bool:
    """Returns whether the rows are those of UCI's adult.test, in whatever form."""
    identity = Identity()
    with file.open() as stream, suppress(IngestError):  # told of when the file is loaded
        for block in form.blocks(stream, file.name, Problems()):
            identity.update(block.replace(b"?", b"").splitlines())
            if identity.rows > UCI_ROWS[Split.TEST].rows:
                break
    return identity.whole == Split.TEST


def _uci_file(file: DataFile) -> Split | None:
    """Returns which of UCI's files this is, byte by byte."""
    with file.open() as stream:
        data = stream.read(_UCI_SIZE)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return next((split for split, known in UCI_MD5.items() if known == md5), None)
