"""Files of people in the forms in which they are found, and what a load makes of them."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from census.choices import Split
from census.columns import COLUMNS
from census.ingest.content import Content
from census.ingest.sources import gather
from tests.census.ingest.tools import first_rows

NAMES = list(COLUMNS)[:-1]
ROWS = 300
NA = ["?", "", "NA", "NaN", "nan", "null"]
NUMBERS = [name for name in NAMES if COLUMNS[name].numeric]


def people(name: str = "adult.data", rows: int = ROWS) -> pd.DataFrame:
    """The first rows of one of UCI's files, as text."""
    data = io.BytesIO(first_rows(name, rows))
    return pd.read_csv(data, names=NAMES, skipinitialspace=True, dtype=str, keep_default_na=False)


TRAIN, TEST = people(), people("adult.test")
BOTH = pd.concat([TRAIN.assign(split="train"), TEST.assign(split="test")], ignore_index=True)
UCI = first_rows("adult.data", ROWS)


def dots(name: str) -> str:
    return name.replace("_", ".")


def recoded(encoding: str) -> Callable[[bytes], bytes]:
    return lambda data: data.decode().encode(encoding)


def as_csv(frame: pd.DataFrame, **options: Any) -> bytes:
    return frame.to_csv(**{"index": False, "lineterminator": "\n", **options}).encode()


def as_parquet(frame: pd.DataFrame, **options: Any) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, **options)
    return buffer.getvalue()


def as_json_lines(frame: pd.DataFrame) -> bytes:
    return frame.to_json(orient="records", lines=True).encode()


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with integers instead of texts, as pandas reads it."""
    return frame.astype(dict.fromkeys(NUMBERS, int))


def missing(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.replace("?", None)


def read(path: Path, split: Split | None = None) -> tuple[Content, pd.DataFrame]:
    """The CSV that a load of `path` writes."""
    content = Content(gather([str(path)], path.parent), split=split)
    return content, pd.read_csv(io.BytesIO(b"".join(content.csv())))
