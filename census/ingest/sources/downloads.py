"""Downloads of files by HTTP(S)."""

import string
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, InvalidURL
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urljoin, urlsplit

from census.ingest.sources.streams import BUFFER, MAX_BYTES, SourceError

_SCHEMES = {"http", "https"}
_MAX_REDIRECTS = 10
_NO_ADDRESS = "is not the address of a file: give http(s)://HOST/PATH"
# Parts of the addresses of a page about a file in a repository, and of the file itself.
_PAGES = (
    ("/-/blob/", "/-/raw/"),
    ("/src/branch/", "/raw/branch/"),
    ("/blob/", "/raw/"),
)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects only to HTTP(S). Python would also follow them to FTP."""

    def http_error_302(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any) -> Any:
        target = urljoin(req.full_url, headers.get("Location") or headers.get("URI") or "")
        seen = getattr(req, "redirect_dict", {})
        if urlsplit(target).scheme not in _SCHEMES:
            reason = f"is redirected to {public_name(target)}, and only http(s) is followed"
        elif urlsplit(target).username is not None:
            reason = f"is redirected to {public_name(target)} with a user name, which is not sent"
        elif target in seen:
            reason = "is redirected in a circle: give another address"
        elif len(seen) >= _MAX_REDIRECTS:
            reason = f"is redirected more than {_MAX_REDIRECTS} times: give another address"
        else:
            return super().http_error_302(req, fp, code, msg, headers)
        fp.close()
        raise SourceError(public_name(req.full_url), reason)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


_OPENER = urllib.request.build_opener(_Redirects)


@dataclass(frozen=True)
class Downloader:
    """Downloads files and retries after errors. `timeout` and `pause` are in seconds."""

    timeout: float = 30
    attempts: int = 4
    pause: float = 1

    def fetch(self, url: str, folder: Path) -> Path:
        """Downloads `url` into a new folder in `folder`; returns the path of the file.

        The file has the name of the server's answer or of the final address. After a temporary
        failure (no connection, time-out, incomplete answer, 429, 5xx) it tries again; the pause
        doubles each time. Raises SourceError.
        """
        _check(url)
        name = public_name(url)
        folder = Path(mkdtemp(dir=folder))
        for attempt in range(1, self.attempts + 1):
            try:
                return self._fetch_once(url, folder)
            except urllib.error.HTTPError as error:
                reason = f"the server answers {error.code} {error.reason}"
                error.close()
                if error.code != 429 and error.code < 500:
                    raise SourceError(name, reason) from error
            except (InvalidURL, ValueError) as error:
                raise SourceError(name, _NO_ADDRESS) from error
            except (OSError, HTTPException, EOFError) as error:
                cause = getattr(error, "reason", None) or error
                reason = f"the download failed: {cause or type(error).__name__}"
            if attempt < self.attempts:
                time.sleep(self.pause * 2 ** (attempt - 1))
        raise SourceError(name, f"{reason} ({self.attempts} attempts)")

    def _fetch_once(self, url: str, folder: Path) -> Path:
        address = quote(url, safe=string.punctuation)
        request = urllib.request.Request(address, headers={"User-Agent": "adultapi"})  # noqa: S310
        with _OPENER.open(request, timeout=self.timeout) as response:
            path = folder / _file_name(response, url)
            with path.open("wb") as file:
                self._copy(response, file, url)
        return path

    @staticmethod
    def _copy(response: HTTPResponse, file: BinaryIO, url: str) -> None:
        expected = response.length
        received = 0
        while data := response.read(BUFFER):
            received += len(data)
            if received > MAX_BYTES:
                raise SourceError(public_name(url), f"is over {MAX_BYTES // 2**30} GiB")
            file.write(data)
        if expected is not None and received < expected:
            raise EOFError(f"received {received} of {expected} bytes")


def _check(url: str) -> None:
    """Raises SourceError if `url` is not a usable address."""
    name = public_name(url)
    try:
        address = urlsplit(url)
        usable = address.scheme in _SCHEMES and address.hostname and (address.port or 1)
        credentials = address.username is not None or address.password is not None
    except ValueError as error:
        raise SourceError(name, _NO_ADDRESS) from error
    if credentials:
        raise SourceError(
            name,
            f"{_NO_ADDRESS} without user name and password, which would be recorded; "
            "download a file that needs them yourself, then give its path",
        )
    if not usable:
        raise SourceError(name, _NO_ADDRESS)


def _file_name(response: HTTPResponse, url: str) -> str:
    """Returns the name of a file: that of Content-Disposition, or else the end of its address."""
    candidates = [response.headers.get_filename(), *map(_last_part, (response.url, url))]
    safe = [PurePosixPath((name or "").replace("\\", "/")).name[-60:] for name in candidates]
    names = [name for name in safe if name not in {"", ".", ".."} and name.isprintable()]
    # A name with a suffix says more than one without, such as `download`.
    return next((name for name in names if "." in name), names[0] if names else "download")


def _last_part(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name


def raw_address(url: str) -> str | None:
    """Returns the address of the file that a repository's site shows at `url`; None if unknown."""
    address = urlsplit(url)
    if address.hostname == "huggingface.co":
        return url.replace("/blob/", "/resolve/", 1) if "/blob/" in url else None
    for page, raw in _PAGES:
        if page in address.path:
            return url.replace(page, raw, 1)
    return None


def public_name(source: str) -> str:
    """Returns `source` without the parts of a URL that may be secret: user, password and query."""
    if "://" not in source:
        return source
    try:
        address = urlsplit(source)
    except ValueError:
        return source.partition("://")[0] + "://…"
    host = address.netloc.rpartition("@")[2]
    return address._replace(netloc=host, query="", fragment="").geturl()
