"""File names: which files are tables, and which split they contain."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from census.choices import Split
from census.ingest.readers.problems import listed
from census.ingest.sources.streams import SourceError

FILE_NAMES = {Split.TRAIN: "adult.data", Split.TEST: "adult.test"}
_COMPRESSED = (".gz", ".bz2", ".xz")
_TABLES = frozenset(
    {".csv", ".tsv", ".tab", ".data", ".test", ".parquet", ".pq", ".ndjson", ".jsonl"}
)
_POSSIBLE_TABLES = frozenset({"", ".txt", ".dat", ".json"})  # they may also be documentation
_NO_TABLES = re.compile(r"(?:readme|licen[cs]e|index|old\.|.*\.names)", re.IGNORECASE)
_WORDS = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "test": Split.TEST,
    "testing": Split.TEST,
}
_ONE_OF_EACH = [{Split.TEST}, {Split.TRAIN}]


def without_compression(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in _COMPRESSED else path.name


def splits_in_name(name: str) -> set[Split]:
    """Returns the splits in a file's name, such as adult.data or census_test.csv."""
    plain = without_compression(name)
    # The words of adult_test.csv, adult-test.csv, adultTest.csv and AdultTEST.csv.
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", plain)}
    splits = {split for word, split in _WORDS.items() if word in words}
    if re.search(r"\.data(?:\.|$)", plain, re.IGNORECASE):
        splits.add(Split.TRAIN)
    return splits


def choose(where: str, names: Sequence[str], advice: str, *, both: bool = False) -> list[str]:
    """Returns the files to load among the `names` in a folder or an archive.

    These are UCI's two files, or else the only table, or else two tables with the splits in their
    names. `both` allows only UCI's two files. `where` and `advice` are for messages. Raises
    SourceError.
    """
    visible = [name for name in names if not _hidden(name)]
    uci = {split: _called(name, visible) for split, name in FILE_NAMES.items()}
    for split, matches in uci.items():
        if len(matches) > 1:
            raise SourceError(where, f"has more than one {FILE_NAMES[split]}: {', '.join(matches)}")
    if all(uci.values()):
        return [matches[0] for matches in uci.values()]
    tables = [] if both else _tables(visible)
    splits = [splits_in_name(name) for name in tables]
    if len(tables) == 1 or (len(tables) == 2 and sorted(splits, key=sorted) == _ONE_OF_EACH):
        return tables
    if tables:
        raise SourceError(where, f"has several tables: {listed(tables)}; {advice}")
    missing = " and ".join(FILE_NAMES[split] for split, matches in uci.items() if not matches)
    content = f"it has {listed(visible)}" if visible else "it is empty"
    known = "`manage.py load_adult --help` lists the formats of tables"
    raise SourceError(where, f"has no {missing}, nor another table: {content}; {known}")


def _called(file_name: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if without_compression(name).lower() == file_name]


def _tables(names: Sequence[str]) -> list[str]:
    """Returns the `names` of tables; if there are none, those of possible tables."""
    for suffixes in (_TABLES, _POSSIBLE_TABLES):
        tables = [
            name
            for name in names
            if PurePosixPath(plain := without_compression(name)).suffix.lower() in suffixes
            and not _NO_TABLES.match(plain)
        ]
        if tables:
            return tables
    return []


def _hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)
