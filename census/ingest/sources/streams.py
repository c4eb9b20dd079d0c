"""The bytes of a file: decompressed, bounded, and summed up as they are read."""

import bz2
import gzip
import hashlib
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from census.ingest import IngestError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A file that is larger when decompressed is not a dataset of people but a bomb: this is
# room for 130 million rows.
MAX_BYTES = 16 * 2**30
BUFFER = 2**18

_DECOMPRESSORS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
COMPRESSED = tuple(_DECOMPRESSORS)
# What the unpackers raise; zipfile believes a damaged file until that goes wrong by itself.
_DAMAGE = (
    *(zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile),
    *(struct.error, LookupError, ValueError, OverflowError),
)
_DEPTH = 2  # times that a file may be compressed


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
        with reading(self._name):
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
        super().__init__(_Digesting(name, raw), BUFFER)

    @property
    def digest(self) -> Digest:
        return self.raw.digest


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns what can go wrong while a file is read into a SourceError."""
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


@contextmanager
def decompressed(name: str, open_raw: Callable[[], BinaryIO]) -> Iterator[DataStream]:
    """Opens a file and decompress it, by its content and not its name. Raises SourceError."""
    with ExitStack() as stack:
        with reading(name):
            stream = stack.enter_context(open_raw())
            for _ in range(_DEPTH):
                stream = stack.enter_context(_decompressor(stream))
        yield DataStream(name, stream)


def _decompressor(raw: BinaryIO) -> BinaryIO:
    start = raw.read(max(map(len, _DECOMPRESSORS)))
    raw.seek(0)
    for magic, decompressor in _DECOMPRESSORS.items():
        if start.startswith(magic):
            return cast("BinaryIO", decompressor(raw))
    return raw
