"""Mutated files give the correct rows or a clear error. test_uci_lines has UCI's lines."""

import csv
import io
import json
import string
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from hypothesis import given, settings
from hypothesis import strategies as st

from census.ingest import IngestError
from census.ingest.content import Content
from census.ingest.readers.vocabulary import ALIASES
from census.ingest.schema import SCHEMA
from census.ingest.sources import DataFile
from tests.census.ingest.test_uci_lines import rows_of_text, value_of
from tests.census.ingest.tools import first_rows

NAMES = [column.name for column in SCHEMA.columns]
Rows = list[list[str]]
Table = tuple[list[str], Rows]
separators = st.sampled_from([",", ";", "\t", "|"])
spellings: list[Callable[[str], str]] = [
    str,
    str.upper,
    str.title,
    lambda name: name.replace("_", "-"),
    lambda name: name.replace("_", "."),
    lambda name: f" {name.replace('_', ' ')} ",
]
missing = st.sampled_from(["?", "", "NA", "NaN", "null", " ? "])


def read(data: bytes) -> Rows | None:
    """The loaded rows of a file, without `id` and `split`; None if it is refused."""
    content = Content([DataFile("f", lambda: io.BytesIO(data))])
    lines = b"".join(content.csv()).decode().splitlines()
    return [line.split(",")[1:-1] for line in lines[1:]]


def read_or_refuse(data: bytes) -> Rows | None:
    try:
        return read(data)
    except IngestError as error:
        message = str(error)
        assert message.startswith("f")
        assert message.replace("\n", "").isprintable()
        return None


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, Rows]:
    """A table with its columns in any order and spelling, and the rows that it contains."""
    order = draw(st.permutations(range(len(NAMES))))
    surplus = draw(st.integers(0, 2))
    spell = draw(st.sampled_from(spellings))
    names = [spell(NAMES[place]) for place in order] + ["Id", "note"][:surplus]
    texts, rows = [], []
    for row in draw(st.lists(rows_of_text, min_size=1, max_size=5)):
        rows.append(["" if value == "?" else value for value in row])
        written = [draw(missing) if value == "?" else value for value in row]
        texts.append([written[place] for place in order] + ["1", 'a "b", c'][:surplus])
    return (names, texts), rows


def delimited(table: Table, separator: str, quoting: Any, end: str, encoding: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerows([table[0], *table[1]])
    return text.getvalue().encode(encoding)


forms = st.tuples(
    separators,
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)


@given(tables(), forms)
def test_what_is_written_as_delimited_text_is_read(
    table: tuple[Table, Rows], form: tuple[str, Any, str, str]
) -> None:
    written, rows = table
    assert read(delimited(written, *form)) == rows


@given(tables())
def test_what_is_written_as_json_lines_is_read(table: tuple[Table, Rows]) -> None:
    (names, texts), rows = table
    objects = [dict(zip(names, text, strict=True)) for text in texts]
    assert read("".join(json.dumps(each) + "\n" for each in objects).encode()) == rows


@given(tables())
def test_what_is_written_as_parquet_is_read(table: tuple[Table, Rows]) -> None:
    (names, texts), rows = table
    assert read(as_parquet(names, texts)) == rows


def as_parquet(names: list[str], texts: Rows) -> bytes:
    buffer = io.BytesIO()
    columns = {
        name: list(values) for name, values in zip(names, zip(*texts, strict=True), strict=True)
    }
    pyarrow.parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


# --- Changed at random, against a reading written another way ----------------------------------


def plain(name: str) -> str:
    return "".join(c for c in name.lower() if c in string.ascii_lowercase + string.digits)


COLUMNS = {
    plain(name): column.name
    for column in SCHEMA.columns
    for name in (column.name, *ALIASES[column.name])
}


def rows_by_hand(data: bytes, separator: str) -> Rows | None:
    """The rows of delimited text in UTF-8; None if anything is wrong with it.

    Lines with nothing but separators are blank.
    """
    text = data.decode("utf-8-sig", "backslashreplace")
    lines = [line for line in io.StringIO(text, newline="") if line.strip().strip(" ,;\t|")]
    lines = [line for line in lines if separator == "|" or not line.startswith("|")]
    try:
        names, *rows = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    except csv.Error:
        return None
    known = [COLUMNS.get(plain(name)) for name in names]
    found: Rows = []
    for row in rows:
        values = []
        for column in SCHEMA.columns:
            if known.count(column.name) != 1 or len(row) != len(names):
                return None
            text = row[known.index(column.name)]
            value = value_of(column, text.encode())
            if value is None:
                return None
            values.append("" if value == b"?" else value.decode())
        found.append(values)
    return found or None


edits = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 3),
        st.sampled_from(
            [
                *(b",", b";", b'"', b"'", b"\n", b"\r\n", b"\r", b"\t", b"|", b" ", b"\0", b"\xff"),
                *(b"", b"?", b"NA", b".0", b".", b"9", b"age", b"\xef\xbb\xbf", b"{", b"<"),
            ]
        ),
    ),
    max_size=3,
)


def changed(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, removed, inserted in changes:
        position = int(where * len(data))
        data = data[:position] + inserted + data[position + removed :]
    return data


@given(tables(), separators, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), edits)
def test_changed_tables(
    table: tuple[Table, Rows], separator: str, quoting: Any, changes: list[tuple[float, int, bytes]]
) -> None:
    data = changed(delimited(table[0], separator, quoting, "\n", "utf-8"), changes)
    rows = read_or_refuse(data)
    if rows is not None:
        assert rows == rows_by_hand(data, separator)


@given(tables(), edits)
def test_changed_json_lines(
    table: tuple[Table, Rows], changes: list[tuple[float, int, bytes]]
) -> None:
    (names, texts), _ = table
    objects = [dict(zip(names, text, strict=True)) for text in texts]
    data = changed("".join(json.dumps(each) + "\n" for each in objects).encode(), changes)
    rows = read_or_refuse(data)
    if rows is not None:
        by_hand = [
            {COLUMNS.get(plain(name)): value for name, value in json.loads(line).items()}
            for line in data.decode("utf-8-sig").split("\n")
            if line.strip()
        ]
        expected = [
            [value_of(column, str(each.get(column.name, "")).encode()) for column in SCHEMA.columns]
            for each in by_hand
        ]
        assert rows == [
            ["" if value == b"?" else (value or b"!").decode() for value in row] for row in expected
        ]


@given(tables(), edits)
@settings(max_examples=50)  # each is read in a process of its own
def test_changed_parquet(
    table: tuple[Table, Rows], changes: list[tuple[float, int, bytes]]
) -> None:
    """Pages can lack checksums, so a damaged file can be read; its values are still valid."""
    rows = read_or_refuse(changed(as_parquet(*table[0]), changes))
    for row in rows or ():
        for column, value in zip(SCHEMA.columns, row, strict=True):
            assert value_of(column, value.encode()) is not None


def test_each_byte_of_a_page_of_parquet() -> None:
    """Some of them, if wrong, make arro3 abort its process."""
    people = first_rows("adult.data", 5).decode().split("\n")
    data = as_parquet(NAMES, [line.split(", ") for line in people if line])
    assert read(data)
    column = pyarrow.parquet.read_metadata(io.BytesIO(data)).row_group(0).column(0)
    end = column.dictionary_page_offset + column.total_compressed_size
    for position in range(column.data_page_offset, end):
        read_or_refuse(data[:position] + b"\xff" + data[position + 1 :])


@given(
    st.binary(), st.sampled_from([b"", b"age,sex\n", b"{", b"PAR1", b"\xff\xfe", b"|", b"@", b"<"])
)
def test_any_bytes(data: bytes, start: bytes) -> None:
    rows = read_or_refuse(start + data)
    assert rows is None
