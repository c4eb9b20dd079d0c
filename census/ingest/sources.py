"""Where the files come from: bundled, UCI's archive, a path or a URL.

`gather` finds the file of each split; `DataFile.open` gives its decompressed bytes and
sums up digests as they are read. Compression is told by content, not by name.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import struct
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import unquote, urljoin, urlsplit

from census.choices import Split
from census.ingest import IngestError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUNDLED, UCI = "bundled", "uci"
BUNDLED_FOLDER = Path(__file__).resolve().parent.parent / "data"
UCI_URL = "https://archive.ics.uci.edu/static/public/2/adult.zip"
UCI_MD5 = {
    Split.TRAIN: "5d7c39d7b8804f071cdd1f2a7c460872",
    Split.TEST: "35238206dfdf7f1fe215bbb874adecdc",
}
FILE_NAMES = {Split.TRAIN: "adult.data", Split.TEST: "adult.test"}
# A file that is larger when decompressed is not a dataset of people but a bomb: this is
# room for 130 million rows.
MAX_BYTES = 16 * 2**30

_DECOMPRESSORS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
# What the unpackers raise; zipfile believes a damaged file until that goes wrong by itself.
_DAMAGE = (
    *(zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile),
    *(struct.error, LookupError, ValueError, OverflowError),
)
_SCHEMES = {"http", "https"}
_SUFFIXES = (".gz", ".bz2", ".xz")
_ZIP = b"PK"
_BUFFER = 2**18


class SourceError(IngestError):
    """A source that cannot be used. `source` is what was asked for."""

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"{source}: {reason}")


@dataclass(frozen=True)
class Digest:
    """Size and digests of a file's decompressed content."""

    bytes: int
    md5: str
    sha256: str


class _Digesting(io.RawIOBase):
    """The bytes of `raw`, summed up as they are read.

    Raises SourceError where they cannot be read or are more than MAX_BYTES.
    """

    def __init__(self, name: str, raw: BinaryIO) -> None:
        self._name = name
        self._raw = raw
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        with _reading(self._name):
            data = self._raw.read(len(view))
        view[: len(data)] = data
        self._md5.update(data)
        self._sha256.update(data)
        self.bytes += len(data)
        if self.bytes > MAX_BYTES:
            raise SourceError(self._name, f"is over {MAX_BYTES // 2**30} GiB when decompressed")
        return len(data)

    @property
    def digest(self) -> Digest:
        return Digest(self.bytes, self._md5.hexdigest(), self._sha256.hexdigest())


class DataStream(io.BufferedReader):
    """The decompressed bytes of a file; `digest` is of those read so far."""

    raw: _Digesting

    def __init__(self, name: str, raw: BinaryIO) -> None:
        super().__init__(_Digesting(name, raw), _BUFFER)

    @property
    def digest(self) -> Digest:
        return self.raw.digest


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what can go wrong while a file is read into a SourceError."""
    try:
        yield
    except EOFError as error:
        raise SourceError(name, "is cut off: its compressed data end too early") from error
    except _DAMAGE as error:
        raise SourceError(name, f"is damaged: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile's method or password
        raise SourceError(name, f"cannot be unpacked: {error}") from error
    except OSError as error:
        raise SourceError(name, error.strerror or f"is damaged: {error}") from error


@dataclass(frozen=True)
class DataFile:
    """The file of one split. `authentic_md5` is what its source claims it to be, if it does."""

    name: str
    split: Split
    open_raw: Callable[[], BinaryIO]
    authentic_md5: str | None = None

    @contextmanager
    def open(self) -> Iterator[DataStream]:
        """Open the file and decompress it. Raises SourceError, also where it is read."""
        with ExitStack() as stack:
            with _reading(self.name):
                raw = stack.enter_context(self.open_raw())
                plain = stack.enter_context(_decompressed(raw))
            yield DataStream(self.name, plain)

    def digest(self) -> Digest:
        """Read the file through. Raises SourceError."""
        with self.open() as stream:
            while stream.read(_BUFFER):
                pass
            return stream.digest

    def verify(self, digest: Digest) -> None:
        """Raise SourceError if `digest` is not of what the source claims the file to be."""
        if self.authentic_md5 not in {None, digest.md5}:
            raise SourceError(
                self.name,
                f"is not UCI's file: its md5 is {digest.md5} instead of {self.authentic_md5}. "
                "To load it all the same, give its path as --source",
            )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects within HTTP(S) alone, where Python would go on by FTP, too."""

    def http_error_302(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any) -> Any:
        target = urljoin(req.full_url, headers.get("Location") or headers.get("URI") or "")
        if urlsplit(target).scheme not in _SCHEMES:
            fp.close()
            raise SourceError(
                public_name(req.full_url),
                f"is redirected to {public_name(target)}, and only http(s) is followed",
            )
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


_OPENER = urllib.request.build_opener(_Redirects)


@dataclass(frozen=True)
class Downloader:
    """Fetches a URL into a file, with patience: `timeout` and `pause` in seconds."""

    timeout: float = 30
    attempts: int = 4
    pause: float = 1

    def fetch(self, url: str, folder: Path) -> Path:
        """Download `url` into `folder`, named by its last segment.

        A failure that may pass (no connection, a time-out, a short answer, 429 and 5xx) is
        tried again after a pause that doubles. Raises SourceError.
        """
        name = public_name(url)
        address = urlsplit(url)
        if address.scheme not in _SCHEMES or not address.hostname or address.username:
            raise SourceError(name, "is not the address of a file: give http(s)://HOST/PATH")
        path = folder / (PurePosixPath(unquote(address.path)).name or "download")
        for attempt in range(1, self.attempts + 1):
            try:
                self._fetch_once(url, path)
            except urllib.error.HTTPError as error:
                reason = f"the server answers {error.code} {error.reason}"
                error.close()
                if error.code != 429 and error.code < 500:
                    raise SourceError(name, reason) from error
            except (OSError, HTTPException, EOFError) as error:
                cause = getattr(error, "reason", None) or error
                reason = f"the download failed: {cause or type(error).__name__}"
            else:
                return path
            if attempt < self.attempts:
                time.sleep(self.pause * 2 ** (attempt - 1))
        raise SourceError(name, f"{reason} ({self.attempts} attempts)")

    def _fetch_once(self, url: str, path: Path) -> None:
        request = urllib.request.Request(url, headers={"User-Agent": "adultapi"})  # noqa: S310
        with (
            _OPENER.open(request, timeout=self.timeout) as response,
            path.open("wb") as file,
        ):
            self._copy(response, file, url)

    @staticmethod
    def _copy(response: HTTPResponse, file: BinaryIO, url: str) -> None:
        expected = response.length
        received = 0
        while data := response.read(_BUFFER):
            received += len(data)
            if received > MAX_BYTES:
                raise SourceError(public_name(url), f"is over {MAX_BYTES // 2**30} GiB")
            file.write(data)
        if expected is not None and received < expected:
            raise EOFError(f"{received} of {expected} bytes came")


def public_name(source: str) -> str:
    """Return `source` without what may be secret in a URL: user, password and query."""
    if "://" not in source:
        return source
    address = urlsplit(source)
    host = address.netloc.rpartition("@")[2]
    return address._replace(netloc=host, query="", fragment="").geturl()


def gather(
    sources: Sequence[str],
    folder: Path,
    *,
    uci_url: str = UCI_URL,
    downloader: Downloader | None = None,
) -> list[DataFile]:
    """Return the files that `sources` name, training before test, at most one of each.

    Each of `sources` is "bundled", "uci", a path or a URL. Downloads go into `folder`.
    Raises SourceError.
    """
    downloader = downloader or Downloader()
    files: dict[Split, DataFile] = {}
    for source in sources:
        for file in _find(source, folder, uci_url, downloader):
            if file.split in files:
                raise SourceError(
                    file.name,
                    f"is a second {file.split} file beside {files[file.split].name}; give one",
                )
            files[file.split] = file
    return [files[split] for split in FILE_NAMES if split in files]


def _find(source: str, folder: Path, uci_url: str, downloader: Downloader) -> list[DataFile]:
    if source == BUNDLED:
        return _in_folder(BUNDLED_FOLDER, UCI_MD5)
    if source == UCI:
        return _in_file(downloader.fetch(uci_url, folder), uci_url, UCI_MD5)
    if "://" in source:
        return _in_file(downloader.fetch(source, folder), public_name(source), {})
    path = Path(source)
    with _reading(source):
        if path.is_dir():
            return _in_folder(path, {})
        if not path.exists():
            raise SourceError(
                source, f"there is no such file or folder (nor is it {BUNDLED!r} or {UCI!r})"
            )
        return _in_file(path, source, {})


def _in_folder(folder: Path, authentic: dict[Split, str]) -> list[DataFile]:
    paths = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()}
    found = _both(str(folder), list(paths))
    return [
        DataFile(name, split, _opener(paths[name]), authentic.get(split))
        for split, name in found.items()
    ]


def _in_file(path: Path, source: str, authentic: dict[Split, str]) -> list[DataFile]:
    with path.open("rb") as file:
        magic = file.read(len(_ZIP))
    if magic == _ZIP:
        return _in_zip(path, source, authentic)
    if path.suffix == ".zip":
        raise SourceError(source, "is not a zip, whatever its name says")
    split = _split_of(path.name)
    if split is None:
        raise SourceError(
            source,
            "its name must end in .data (training) or .test, before .gz, .bz2 or .xz if it is "
            "compressed, or it must be a zip",
        )
    return [DataFile(path.name, split, _opener(path), authentic.get(split))]


def _in_zip(path: Path, source: str, authentic: dict[Split, str]) -> list[DataFile]:
    with _reading(source), zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    found = _both(source, names)
    return [
        DataFile(PurePosixPath(name).name, split, _zip_opener(path, name), authentic.get(split))
        for split, name in found.items()
    ]


def _both(source: str, names: Sequence[str]) -> dict[Split, str]:
    """Return which of `names` is adult.data and which is adult.test."""
    found: dict[Split, str] = {}
    for split, wanted in FILE_NAMES.items():
        matches = [name for name in names if _without_suffix(PurePosixPath(name).name) == wanted]
        if not matches:
            raise SourceError(source, f"has no {wanted}; to load one file, give its own path")
        if len(matches) > 1:
            raise SourceError(source, f"has more than one {wanted}: {', '.join(matches)}")
        found[split] = matches[0]
    return found


def _split_of(name: str) -> Split | None:
    ends = {PurePosixPath(file_name).suffix: split for split, file_name in FILE_NAMES.items()}
    return ends.get(PurePosixPath(_without_suffix(name)).suffix)


def _without_suffix(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix in _SUFFIXES else path.name


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _zip_opener(path: Path, member: str) -> Callable[[], BinaryIO]:
    def open_member() -> BinaryIO:
        with zipfile.ZipFile(path) as archive:  # the member keeps the file open
            return cast("BinaryIO", archive.open(member))

    return open_member


def _decompressed(raw: BinaryIO) -> BinaryIO:
    start = raw.read(max(map(len, _DECOMPRESSORS)))
    raw.seek(0)
    for magic, decompressor in _DECOMPRESSORS.items():
        if start.startswith(magic):
            return cast("BinaryIO", decompressor(raw))
    return raw
