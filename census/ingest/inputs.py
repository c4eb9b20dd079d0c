"""The format and the split of each file."""

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

_UCI_SIZE = 2**22  # bytes; both of UCI's files are smaller
_OPTION = "--split"
_ORDER = tuple(FILE_NAMES)  # training before test


@dataclass(frozen=True)
class InputFile:
    """A file with its format and its split; the split is None if the file has a column of it.

    `split_reason` says how the split is known.
    """

    file: DataFile
    format: Format
    split: Split | None
    split_reason: str

    @property
    def explicit(self) -> bool:
        """Whether the user has stated the split, by a column or an option."""
        return self.split is None or self.split_reason == _OPTION


def plan(files: Sequence[DataFile], fallback: Split | None) -> list[InputFile]:
    """Returns the `files` with their formats and splits, training before test.

    `fallback` is the split of a file whose split is unknown. Raises SourceError if a format is
    unknown or two files have the same split.
    """
    inputs = [_input(file, fallback) for file in files]
    for split in _ORDER:
        same = [input_file.file.name for input_file in inputs if input_file.split == split]
        if len(same) > 1:
            raise SourceError(
                same[1],
                f"is a second {split} file beside {same[0]}; give one, or tell the splits by a "
                "column `split` or by the names (adult_train.csv, adult_test.csv)",
            )
    return sorted(
        inputs, key=lambda input_file: _ORDER.index(input_file.split) if input_file.split else 0
    )


def _input(file: DataFile, fallback: Split | None) -> InputFile:
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
        return InputFile(file, form, None, "its column of splits")
    return InputFile(file, form, *_split(file, form, start, fallback))


def _split(file: DataFile, form: Format, start: bytes, fallback: Split | None) -> tuple[Split, str]:
    """Returns the split of a file, and how it is known."""
    in_name = file.splits_in_name
    marked = begins_with_marker(start)
    if marked and in_name == {Split.TRAIN}:
        raise SourceError(
            file.name,
            "begins like UCI's adult.test, but its name says that it is the training file: "
            "are the two files exchanged? Rename it to adult.test",
        )
    split, split_reason = fallback, _OPTION
    if marked and not in_name:
        split, split_reason = Split.TEST, "its first line, that of UCI's adult.test"
    elif uci := None if len(in_name) == 1 else _uci_file(file):
        split, split_reason = uci, "its digest, that of UCI's file"
    elif len(in_name) == 1:
        (split,) = in_name
        split_reason = "its name"
    if fallback and split != fallback:
        raise SourceError(
            file.name, f"is of the {split} split by {split_reason}: leave out --split {fallback}"
        )
    if split:
        return split, split_reason
    if in_name:
        raise SourceError(file.name, "has both train and test in its name: give --split")
    if _holds_uci_test(file, form):
        return Split.TEST, "its rows, those of UCI's adult.test"
    return Split.TRAIN, f"default, as nothing else tells it (--split {Split.TEST} makes it test)"


def _holds_uci_test(file: DataFile, form: Format) -> bool:
    """Returns whether the rows are those of UCI's adult.test, in any format."""
    identity = Identity()
    with file.open() as stream, suppress(IngestError):  # the load reports the error
        for block in form.blocks(stream, file.name, Problems()):
            identity.update(block.replace(b"?", b"").splitlines())
            if identity.rows > UCI_ROWS[Split.TEST].rows:
                break
    return identity.uci_file == Split.TEST


def _uci_file(file: DataFile) -> Split | None:
    """Returns the split of UCI's file that has exactly these bytes; None if there is none."""
    with file.open() as stream:
        data = stream.read(_UCI_SIZE)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return next((split for split, known in UCI_MD5.items() if known == md5), None)
