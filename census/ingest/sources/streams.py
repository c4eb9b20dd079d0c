"""Streams that decompress a file, limit its size, and compute its digests."""

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

# The limit of the decompressed size, against decompression bombs. It suffices for 130 million
# rows.
MAX_BYTES = 16 * 2**30
BUFFER = 2**18

_DECOMPRESSORS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
COMPRESSED = tuple(_DECOMPRESSORS)
# The exceptions of the decompressors. zipfile does not validate a damaged file, so that almost
# any exception can follow.
_DAMAGE = (
    *(zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile),
    *(struct.error, LookupError, ValueError, OverflowError),
)
_DEPTH = 2  # how many times a file may be compressed


class SourceError(IngestError):
    """A source cannot be used. `source` is its name for people."""

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


class _DigestingStream(io.RawIOBase):
    """The bytes of `raw`, with their digests.

    Reading raises SourceError for a damaged file, or for more than MAX_BYTES.
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
    """The decompressed bytes of a file. `digest` is the digest of the bytes read so far."""

    raw: _DigestingStream

    def __init__(self, name: str, raw: BinaryIO) -> None:
        super().__init__(_DigestingStream(name, raw), BUFFER)

    @property
    def digest(self) -> Digest:
        return self.raw.digest


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns the exceptions of reading a file into a SourceError."""
    try:
        yield
    except EOFError as error:
        raise SourceError(name, "is cut off: its compressed data ends too early") from error
    except _DAMAGE as error:
        raise SourceError(name, f"is damaged: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile's method or password
        raise SourceError(name, f"cannot be unpacked: {error}") from error
    except OSError as error:
        raise SourceError(name, error.strerror or f"is damaged: {error}") from error


@contextmanager
def decompressed(name: str, open_raw: Callable[[], BinaryIO]) -> Iterator[DataStream]:
    """Opens a file and decompresses it by its content, not by its name. Raises SourceError."""
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
