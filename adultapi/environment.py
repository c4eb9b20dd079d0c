"""Readers of environment variables. Each stops the process with a hint if a value is not valid."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def integer(name: str, default: int, minimum: int, maximum: int) -> int:
    """Return the integer in the environment variable `name`, or stop with a hint."""
    text = env.str(name, default=str(default)).strip()
    try:
        value = int(text)
    except ValueError:
        value = None
    if value is None or not minimum <= value <= maximum:
        raise ImproperlyConfigured(
            f"{name} is {text!r}: set it to a whole number from {minimum} to {maximum}."
        )
    return value


def boolean(name: str, *, default: bool) -> bool:
    text = env.str(name, default=str(default)).strip().lower()
    if text not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} is {text!r}: set it to true or false.")
    return text in {"true", "1", "yes", "on"}


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = str(env.str(name, default=default)).strip()
    if text not in allowed:
        raise ImproperlyConfigured(f"{name} is {text!r}: set it to one of {', '.join(allowed)}.")
    return text


def header(name: str, default: str) -> str:
    """Return the header in the environment variable `name`, as WSGI names it."""
    text = str(env.str(name, default=default)).strip()
    if not re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", text):
        raise ImproperlyConfigured(
            f"{name} is {text!r}: set it to the name of a header, as {default}."
        )
    return f"HTTP_{text.upper().replace('-', '_')}"


def secret(name: str) -> str:
    """Returns the variable `name`, or the content of the file that `{name}_FILE` names."""
    path = env.str(f"{name}_FILE", default="").strip()
    if not path:
        return str(env.str(name, default=""))
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which cannot be read ({error.strerror}): "
            "set it to a file that holds the secret and nothing else."
        ) from error


def folder(name: str, default: Path) -> Path:
    path = Path(str(env.str(name, default=str(default))).strip())
    if not path.is_absolute():
        raise ImproperlyConfigured(f"{name} is {str(path)!r}: set it to an absolute path.")
    return path


def prefix(name: str) -> str | None:
    """Returns the path below which the service is reached, such as /adult; None for the root."""
    text = str(env.str(name, default="")).strip().rstrip("/")
    if text and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", text):
        raise ImproperlyConfigured(f"{name} is {text!r}: set it to a path such as /adult.")
    return text or None


def scheme(name: str, url: str) -> str:
    """Return the scheme of `url`, which `name` gave; repeat nothing of one that cannot be read."""
    try:
        parts = urlsplit(url)
        readable = (parts.port or 1) and not parts.fragment
    except ValueError:  # whose text may be of the password
        readable = False
    if not readable:
        raise ImproperlyConfigured(
            f"{name} cannot be read: in its password write / ? # @ [ ] % as %2F %3F %23 %40 %5B "
            "%5D %25, and the port as a number."
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
