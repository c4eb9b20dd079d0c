"""Recognition of the format of a file by its first bytes."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from census.ingest.readers import delimited, jsonlines
from census.ingest.readers.columns import Schema
from census.ingest.readers.delimited import UTF_8
from census.ingest.readers.parquet import MAGIC as PARQUET
from census.ingest.readers.parquet import Parquet
from census.ingest.readers.problems import FormatError, Problems, printable
from census.ingest.readers.uci import MARKER

START = 65_536  # bytes at the beginning of a file from which its format is recognised
FORMATS = """\
  UCI's own lines, as in adult.data and adult.test
  a table with a header of the columns' names, in any order, separated by comma,
    semicolon, tab, | or space, in UTF-8 or UTF-16 (.csv, .tsv, .txt)
  JSON Lines (.ndjson, .jsonl) and Parquet (.parquet) with these columns
  each of them plain, compressed by gzip, bzip2 or xz, or in a zip"""

_UNPACK = "unpack it, then give what is in it"
_AS_CSV = "write the table as CSV (UTF-8), then give that"
_BY_R = "write the table by write.csv, then give that"
_AS_PARQUET = "write it as Parquet or CSV, then give that"
# What a file is and what to do with it, by the first bytes.
_SIGNATURES: Mapping[str, tuple[bytes, ...]] = {
    "is compressed more than twice: decompress it, then give that": (
        *(b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"),
    ),
    f"is a zip within another file: {_UNPACK}": (b"PK\x03\x04",),
    "is compressed by zstd: decompress it by `zstd -d`, then give that": (b"\x28\xb5\x2f\xfd",),
    f"is a 7z archive: {_UNPACK}": (b"7z\xbc\xaf\x27\x1c",),
    f"is a RAR archive: {_UNPACK}": (b"Rar!",),
    "is compressed by lz4: decompress it by `lz4 -d`, then give that": (b"\x04\x22\x4d\x18",),
    "is compressed by lzip: decompress it by `lzip -d`, then give that": (b"LZIP",),
    "is compressed by LZMA: decompress it by `unlzma`, then give that": (b"]\0\0",),
    "is compressed by compress: decompress it by `uncompress`, then give that": (b"\x1f\x9d",),
    "is compressed by lzop: decompress it by `lzop -d`, then give that": (b"\x89LZO",),
    "is compressed by Snappy: decompress it, then give that": (b"\xff\x06\0\0sNaPpY",),
    "is an Excel workbook (or other Office document): save it as CSV (UTF-8), then give that": (
        *(b"\xd0\xcf\x11\xe0", b"\x09\x08\x10\0", b"\x09\x04\x06\0", b"\x09\0\x04\0"),
    ),
    f"is an Arrow (Feather) file: {_AS_PARQUET}": (b"ARROW1", b"FEA1", b"\xff\xff\xff\xff"),
    f"is an ORC file: {_AS_PARQUET}": (b"ORC",),
    f"is an Avro file: {_AS_PARQUET}": (b"Obj\x01",),
    f"is an HDF5 file: {_AS_CSV}": (b"\x89HDF",),
    f"is an SQLite database: {_AS_CSV}": (b"SQLite format 3",),
    f"is a NumPy array: {_AS_CSV}": (b"\x93NUMPY",),
    f"is a Python pickle: {_AS_CSV}": tuple(bytes((0x80, protocol)) for protocol in range(2, 6)),
    f"is an R workspace: {_BY_R}": (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n"),
    f"is an R object (RDS): {_BY_R}": (b"X\n\0\0\0", b"A\n2\n", b"A\n3\n"),
    f"is an SPSS file: {_AS_CSV}": (b"$FL2", b"$FL3", b"ASCII SPSS PORT FILE"),
    f"is a Stata file: {_AS_CSV}": (
        b"<stata_dta>",
        *(bytes((version, order, 1, 0)) for version in (113, 114, 115) for order in (1, 2)),
    ),
    f"is a SAS file: {_AS_CSV}": (bytes(12) + b"\xc2\xea\x81\x60", b"HEADER RECORD*******"),
    f"is a MATLAB file: {_AS_CSV}": (b"MATLAB",),
    "is a PDF: give the table as CSV": (b"%PDF",),
    "is a picture: give the table as CSV": (b"\x89PNG", b"\xff\xd8\xff", b"GIF8"),
}
_TAR = slice(257, 262)
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_PAGE = re.compile(r"<(?:[a-z!?])", re.IGNORECASE)
_ARFF = re.compile(r"(?:\s*%[^\n]*\n|\s)*@relation\b", re.IGNORECASE)
WEB_PAGE = (
    "is a web page or other markup, not the file itself: take the address that a repository's "
    "site calls raw or download"
)
_LFS = "version https://git-lfs.github.com/spec/"


class Format(Protocol):
    """A format of a file.

    `has_split` says whether the file has a column of splits; `left_out` are the names of the
    columns that are not read.
    """

    description: str
    has_split: bool
    left_out: tuple[str, ...]

    def blocks(self, stream: BinaryIO, file: str, problems: Problems) -> Iterator[bytes]:
        """Yields the rows of `stream` in blocks; adds problems to `problems`."""


def recognise(
    start: bytes, schema: Schema, reopen: Callable[[], AbstractContextManager[BinaryIO]]
) -> Format:
    """Returns the format of a file that begins with `start`.

    `reopen` opens the file from its beginning. Raises FormatError for a format that cannot be
    read, or a table that lacks columns.
    """
    if start.startswith(PARQUET):
        with reopen() as stream:
            return Parquet(schema, stream)
    check(start)
    encoding = _encoding(start)
    text = start.decode(encoding, "backslashreplace")  # as the readers do
    if text.lstrip()[:1] in {"{", "["}:
        if encoding != UTF_8:
            raise FormatError(f"is JSON in {encoding.upper()}: write it in UTF-8, then give that")
        return jsonlines.recognise(text, schema)
    if form := delimited.recognise(text, encoding, schema):
        return form
    raise FormatError(unknown(text))


def check(start: bytes) -> None:
    """Raises FormatError if a file that begins with `start` has a format that cannot be read."""
    for text, signatures in _SIGNATURES.items():
        if start.startswith(signatures):
            raise FormatError(text)
    if start[_TAR] == b"ustar":
        raise FormatError(f"is a tar archive: {_UNPACK}")
    encoding = _encoding(start)
    text = start.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if text.startswith(_LFS):
        raise FormatError(
            "is a Git LFS pointer, not the file itself: run `git lfs pull` in its repository "
            "(or take the address that downloads it), then give it again"
        )
    if _PAGE.match(text):
        raise FormatError(WEB_PAGE)
    if _ARFF.match(text):
        raise FormatError(
            "is ARFF (Weka, OpenML): write it as CSV with a header, for instance by "
            "scipy.io.arff and pandas, or take the CSV or Parquet file of the same page"
        )
    if "\0" in text[:64]:
        raise FormatError(unknown(text))


def begins_with_marker(start: bytes) -> bool:
    """Returns whether a file begins like UCI's adult.test, possibly after a header."""
    text = start.decode(_encoding(start), "replace")
    lines = [line for line in text[:4096].splitlines() if line.strip()]
    return any(line.lstrip("\ufeff").startswith(MARKER) for line in lines[:2])


def unknown(text: str) -> str:
    """Returns the message for a file of an unknown format that begins with `text`."""
    beginning = printable(text.strip("\ufeff \t\r\n").partition("\n")[0].rstrip())
    return f"begins with '{beginning}', which is no known format. The known formats are:\n{FORMATS}"


def _encoding(start: bytes) -> str:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if len(start) >= 4 and b"\0" not in {start[:1], start[2:3]} and start[1:4:2] == b"\0\0":
        return "utf-16-le"
    if len(start) >= 4 and b"\0" not in {start[1:2], start[3:4]} and start[:4:2] == b"\0\0":
        return "utf-16-be"
    return UTF_8
