"""Downloads. Each is stored as a file in EXPORT_DIR and sent whole or in ranges."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import Response, SlicedFile, StaticFile

from adultapi import problems
from census.api.exports import export_folder

_ABANDONED = 3600  # seconds after which a temporary file is regarded as abandoned
_HEADERS = ".headers"  # suffix of the file with the headers of a stored answer
_MEDIA_TYPES = ("text/csv", "application/x-ndjson", "application/vnd.apache.parquet", "image/")


def is_file(media_type: str) -> bool:
    """Returns whether an answer of this media type is sent as a file."""
    return media_type.startswith(_MEDIA_TYPES)


def store(name: str, response: HttpResponseBase) -> None:
    """Stores the body and headers of an answer. Raises OSError if EXPORT_DIR is not writable."""
    folder = export_folder()
    headers = json.dumps([item for item in response.items() if item[0] != "Content-Length"])
    _write(folder / f"{name}{_HEADERS}", headers.encode())
    if isinstance(response, FileResponse):
        temporary: Any = response.file_to_stream
        with suppress(FileExistsError):  # another process was faster
            (folder / name).hardlink_to(temporary.name)
        temporary.close()
    else:
        _write(folder / name, response.content)  # type: ignore[attr-defined]
    _make_room(folder, folder / name)


def respond(request: HttpRequest, name: str, headers: Mapping[str, str]) -> Any:
    """Returns a response with the stored file or the requested range of it.

    Raises FileNotFoundError or MissingFileError if the file does not exist.
    """
    path = Path(settings.EXPORT_DIR) / name
    stored: dict[str, str] = dict(json.loads(Path(f"{path}{_HEADERS}").read_text()))
    headers = {**stored, **headers, "Accept-Ranges": "bytes"}
    # A range applies to GET only, and If-Range must name this version (RFC 9110, 13.1.5, 14.2).
    version = request.META.get("HTTP_IF_RANGE", headers["ETag"])
    if request.method == "HEAD" or version not in (headers["ETag"], headers["Last-Modified"]):
        request.META.pop("HTTP_RANGE", None)
    answer = WhiteNoiseMiddleware.serve(_RangedFile(str(path), list(headers.items())), request)
    if answer.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return answer
    detail = f"The range is outside the file, which has {path.stat().st_size:,} bytes."
    refusal = problems.response(request, "range-not-satisfiable", detail)
    refusal["Content-Range"] = answer["Content-Range"]
    return refusal


class _RangedFile(StaticFile):  # type: ignore[misc]
    """WhiteNoise's StaticFile, except that ranges of one byte work (they fail in 6.12)."""

    def get_range_response(self, range_header: str, base_headers: Any, file_handle: Any) -> Any:
        headers = dict(base_headers)
        size = int(headers.pop("Content-Length"))
        start, end = self.parse_byte_range(range_header)
        if end is not None and end < start:
            raise ValueError  # WhiteNoise then sends the whole file
        if start >= size or range_header.strip().endswith("=-0"):
            return self.get_range_not_satisfiable_response(file_handle, size)
        start, end = self.get_byte_range(range_header, size)
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
        headers["Content-Length"] = str(end - start + 1)
        body = SlicedFile(file_handle, start, end)
        return Response(HTTPStatus.PARTIAL_CONTENT, list(headers.items()), body)


def _write(path: Path, content: bytes) -> None:
    """Writes a file atomically: other processes see all of it or nothing."""
    with NamedTemporaryFile(dir=path.parent, delete=False) as new:
        new.write(content)
    Path(new.name).replace(path)


def _make_room(folder: Path, newest: Path) -> None:
    """Removes the oldest files until the rest fit into EXPORT_SPACE bytes."""
    files = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            status = path.stat()
            files.append((status.st_mtime, status.st_blocks * 512, path))
    space = settings.EXPORT_SPACE - sum(size for _, size, _ in files)
    for changed, size, path in sorted(files):
        if space >= 0:
            break
        being_written = path.name.startswith("tmp") and time.time() - changed < _ABANDONED
        if not (being_written or path.name.startswith(newest.name)):
            path.unlink(missing_ok=True)
            space += size
