"""Readers of environment variables. Each raises ImproperlyConfigured if the value is invalid."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}


def text(name: str, default: str, pattern: str, hint: str) -> str:
    """Returns the variable `name`. It must match `pattern`; `hint` describes the valid values."""
    value = str(env.str(name, default=default)).strip()
    if not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to {hint}.")
    return value


def integer(name: str, default: int, minimum: int, maximum: int) -> int:
    hint = f"a whole number from {minimum} to {maximum}"
    value = int(text(name, str(default), r"-?[0-9]{1,18}", hint))
    if not minimum <= value <= maximum:
        raise ImproperlyConfigured(f"{name} is '{value}': set it to {hint}.")
    return value


def boolean(name: str, *, default: bool) -> bool:
    pattern = f"(?i:{'|'.join(_TRUE | _FALSE)})"
    return text(name, str(default), pattern, "true or false").lower() in _TRUE


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    return text(name, default, "|".join(allowed), f"one of {', '.join(allowed)}")


def header(name: str, default: str) -> str:
    """Returns the name of a header in the spelling of WSGI."""
    pattern = r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*"
    value = text(name, default, pattern, f"the name of a header such as {default}")
    return f"HTTP_{value.upper().replace('-', '_')}"


def folder(name: str, default: Path) -> Path:
    return Path(text(name, str(default), "/.+", "an absolute path"))


def prefix(name: str) -> str | None:
    """Returns the path prefix of the service, such as /adult; None for the root."""
    return text(name, "", r"(/[A-Za-z0-9._~-]+)*/?", "a path such as /adult").rstrip("/") or None


def secret(name: str) -> str:
    """Returns the variable `name`, or the content of the file that `{name}_FILE` names."""
    path = env.str(f"{name}_FILE", default="").strip()
    if not path:
        return str(env.str(name, default=""))
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE is {path}, which cannot be read ({error.strerror}): "
            "set it to a file that contains the secret and nothing else."
        ) from error


def scheme(name: str, url: str) -> str:
    """Returns the scheme of `url`, the value of `name`. An error message never quotes the URL."""
    try:
        parts = urlsplit(url)
        readable = (parts.port or 1) and not parts.fragment
    except ValueError:  # its message may contain part of the password
        readable = False
    if not readable:
        raise ImproperlyConfigured(
            f"{name} is not a valid URL: in its password write / ? # @ [ ] % as %2F %3F %23 %40 "
            "%5B %5D %25, and write the port as a number."
        )
    return parts.scheme


def cache_url(name: str) -> str:
    url = str(env.str(name, default="")).strip()
    if url and scheme(name, url) not in {"redis", "rediss", "valkey", "valkeys", "unix"}:
        raise ImproperlyConfigured(
            f"{name} does not name a Redis or Valkey server: set it to redis://HOST:PORT/NUMBER, "
            "rediss://… with TLS, or leave it out."
        )
    return url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
