"""The sources of the files: bundled, UCI's archive, a path, a pipe or a URL."""

import sys
import zipfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import BinaryIO, cast

from census.choices import Split
from census.ingest.readers.parquet import MAGIC as PARQUET
from census.ingest.readers.problems import FormatError
from census.ingest.readers.recognition import START, recognise
from census.ingest.schema import SCHEMA
from census.ingest.sources.downloads import Downloader, public_name, raw_address
from census.ingest.sources.names import FILE_NAMES, choose, splits_in_name, without_compression
from census.ingest.sources.streams import (
    BUFFER,
    COMPRESSED,
    MAX_BYTES,
    DataStream,
    Digest,
    SourceError,
    decompressed,
    reading,
)

BUNDLED, UCI, STDIN = "bundled", "uci", "-"
_STDIN_NAME = "standard input"
BUNDLED_FOLDER = Path(__file__).resolve().parents[2] / "data"
UCI_URL = "https://archive.ics.uci.edu/static/public/2/adult.zip"
UCI_MD5 = {
    Split.TRAIN: "5d7c39d7b8804f071cdd1f2a7c460872",
    Split.TEST: "35238206dfdf7f1fe215bbb874adecdc",
}
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


@dataclass(frozen=True)
class DataFile:
    """A file with data.

    `authentic_md5` is the digest of UCI's file if the source claims to be UCI's. `raw_address` is
    the likely address of the file itself if the source turns out to be a web page.
    """

    name: str
    open_raw: Callable[[], BinaryIO]
    authentic_md5: str | None = None
    raw_address: str | None = None

    @property
    def splits_in_name(self) -> set[Split]:
        """The splits that are in the name."""
        return splits_in_name(self.name)

    def open(self) -> AbstractContextManager[DataStream]:
        """Opens and decompresses the file. Raises SourceError, also later when it is read."""
        return decompressed(self.name, self.open_raw)

    def digest(self) -> Digest:
        """Reads the whole file and returns its digest. Raises SourceError."""
        with self.open() as stream:
            while stream.read(BUFFER):
                pass
            return stream.digest

    def verify(self, digest: Digest) -> None:
        """Raises SourceError if `digest` differs from `authentic_md5`."""
        if self.authentic_md5 not in {None, digest.md5}:
            raise SourceError(
                self.name,
                f"is not UCI's file: its md5 is {digest.md5} instead of {self.authentic_md5}. "
                "To load it nevertheless, give its path as --source",
            )


def gather(
    sources: Sequence[str],
    folder: Path,
    *,
    uci_url: str = UCI_URL,
    downloader: Downloader | None = None,
) -> list[DataFile]:
    """Returns the files of `sources`.

    A source is "bundled", "uci", "-" (standard input), a path or a URL. Downloads and the content
    of pipes are stored in `folder`. Raises SourceError.
    """
    downloader = downloader or Downloader()
    return [file for source in sources for file in _find(source, folder, uci_url, downloader)]


def _find(source: str, folder: Path, uci_url: str, downloader: Downloader) -> list[DataFile]:
    if not source.strip():
        raise SourceError("--source", "is empty: give a path, an address, 'bundled' or 'uci'")
    if source == BUNDLED:
        return _in_folder(BUNDLED_FOLDER, authentic=True)
    if source == UCI:
        return _in_file(downloader.fetch(uci_url, folder), uci_url, authentic=True)
    if source == STDIN:
        return _in_file(_spool(sys.stdin.buffer, _STDIN_NAME, folder / _STDIN_NAME), _STDIN_NAME)
    if "://" in source:
        files = _in_file(downloader.fetch(source, folder), public_name(source))
        address = raw_address(public_name(source))
        return [replace(file, raw_address=address) for file in files]
    path = Path(source)
    with reading(source):
        if path.is_dir():
            return _in_folder(path)
        if not path.exists():
            raise SourceError(
                source, f"there is no such file or folder (nor is it {BUNDLED!r} or {UCI!r})"
            )
        if path.is_file():
            return _in_file(path, source)
        with path.open("rb") as pipe:
            return _in_file(_spool(pipe, source, Path(mkdtemp(dir=folder)) / path.name), source)


def _spool(pipe: BinaryIO, source: str, path: Path) -> Path:
    """Copies a pipe to the file `path` and returns the path. Raises SourceError.

    An unknown format is refused after the first bytes.
    """
    written = 0
    with reading(source), path.open("wb") as file:
        while data := pipe.read(BUFFER):
            if not written:
                _check(data[:START], source)
            written += file.write(data)
            if written > MAX_BYTES:
                raise SourceError(source, f"is over {MAX_BYTES // 2**30} GiB")
    return path


def _check(start: bytes, name: str) -> None:
    """Raises SourceError if a file that begins with `start` has an unknown format."""
    if start.startswith((*_ZIPS, *COMPRESSED, PARQUET)):
        return
    try:
        recognise(start, SCHEMA, lambda: nullcontext(BytesIO(start)))
    except FormatError as error:
        raise SourceError(name, str(error)) from error


def _in_folder(folder: Path, *, authentic: bool = False) -> list[DataFile]:
    paths = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    advice = "give the path of the one to load, or of both splits"
    names = choose(str(folder), list(paths), advice, both=authentic)
    if [without_compression(name).lower() for name in names] in [[n] for n in FILE_NAMES.values()]:
        (other,) = {*FILE_NAMES.values()} - {without_compression(names[0]).lower()}
        raise SourceError(str(folder), f"has no {other}; to load one file, give its own path")
    return [_file(name, _opener(paths[name]), authentic) for name in names]


def _in_file(path: Path, source: str, *, authentic: bool = False) -> list[DataFile]:
    with reading(source), path.open("rb") as file:
        start = file.read(START)
    if start.startswith(_ZIPS):
        return _in_zip(path, source, authentic)
    if path.suffix.lower() == ".zip" or authentic:
        _check(start, source)
        raise SourceError(source, "is not a zip file")
    return [_file(path.name, _opener(path), authentic)]


def _in_zip(path: Path, source: str, authentic: bool) -> list[DataFile]:
    with reading(source), zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    if "[Content_Types].xml" in names or "content.xml" in names:
        raise SourceError(
            source,
            "is an Excel workbook (or other Office document): save the table as CSV (UTF-8), "
            "then give that",
        )
    advice = "unzip it, then give the path of the one to load, or of both splits"
    chosen = choose(source, names, advice, both=authentic)
    return [_file(PurePosixPath(name).name, _zip_opener(path, name), authentic) for name in chosen]


def _file(name: str, open_raw: Callable[[], BinaryIO], authentic: bool) -> DataFile:
    md5 = None
    if authentic:
        (split,) = splits_in_name(name)
        md5 = UCI_MD5[split]
    return DataFile(name, open_raw, md5)


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _zip_opener(path: Path, member: str) -> Callable[[], BinaryIO]:
    def open_member() -> BinaryIO:
        with zipfile.ZipFile(path) as archive:  # the member keeps the file open
            return cast("BinaryIO", archive.open(member))

    return open_member
