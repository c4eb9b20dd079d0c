"""What the names of files tell: which are tables of people, and which split they hold."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from census.choices import Split
from census.ingest.sources.streams import SourceError

FILE_NAMES = {Split.TRAIN: "adult.data", Split.TEST: "adult.test"}
_COMPRESSED = (".gz", ".bz2", ".xz")
_TABLES = frozenset(
    {".csv", ".tsv", ".tab", ".data", ".test", ".parquet", ".pq", ".ndjson", ".jsonl"}
)
_PERHAPS_TABLES = frozenset({".txt", ".dat", ".json"})  # or what is said of them
_NO_TABLES = re.compile(r"(?:readme|licen[cs]e|index|old\.|.*\.names)", re.IGNORECASE)
_WORDS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "test": Split.TEST,
    "testing": Split.TEST,
}
_ONE_OF_EACH = [{Split.TEST}, {Split.TRAIN}]
_SHOWN = 10  # names in a message


def without_compression(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in _COMPRESSED else path.name


def splits_told(name: str) -> set[Split]:
    """Returns the splits that a file's name speaks of, such as adult.data or census_test.csv."""
    plain = without_compression(name).lower()
    words = set(re.split(r"[^a-z]+", plain))
    told = {split for word, split in _WORDS.items() if word in words}
    if plain.endswith(".data") or ".data." in plain:
        told.add(Split.TRAIN)
    return told


def choose(where: str, names: Sequence[str], advice: str, *, both: bool = False) -> list[str]:
    """Returns which of the `names` in a folder or an archive are the files to load.

    These are UCI's two, else the only table, else two whose names tell the splits. `both`
    allows UCI's two alone. `where` and `advice` are for messages. Raises SourceError.
    """
    visible = [name for name in names if not _hidden(name)]
    found = {split: _called(wanted, visible) for split, wanted in FILE_NAMES.items()}
    for split, matches in found.items():
        if len(matches) > 1:
            raise SourceError(where, f"has more than one {FILE_NAMES[split]}: {', '.join(matches)}")
    if all(found.values()):
        return [matches[0] for matches in found.values()]
    tables = [] if both else _tables(visible)
    splits = [splits_told(name) for name in tables]
    if len(tables) == 1 or (len(tables) == 2 and sorted(splits, key=sorted) == _ONE_OF_EACH):
        return tables
    if tables:
        raise SourceError(where, f"has several tables: {_list(tables)}; {advice}")
    missing = " and ".join(FILE_NAMES[split] for split, matches in found.items() if not matches)
    there = f"it has {_list(visible)}" if visible else "it is empty"
    raise SourceError(where, f"has no {missing}, nor another table: {there}")


def _called(wanted: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if without_compression(name).lower() == wanted]


def _tables(names: Sequence[str]) -> list[str]:
    """Returns those of the `names` that are surely tables, else those that may be."""
    for suffixes in (_TABLES, _PERHAPS_TABLES):
        found = [
            name
            for name in names
            if PurePosixPath(plain := without_compression(name)).suffix.lower() in suffixes
            and not _NO_TABLES.match(plain)
        ]
        if found:
            return found
    return []


def _hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _list(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
