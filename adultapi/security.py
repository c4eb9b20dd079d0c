"""The headers that tell a browser what it may do, on every answer, whoever gives it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings

Application = Callable[[Any, Any], Iterable[bytes]]
Header = tuple[str, str]

HEADERS = {
    "Content-Security-Policy": "; ".join(
        " ".join((name, *sources))
        for name, sources in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
    ),
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STRICT = (
    "Strict-Transport-Security",
    f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains",
)


def complete(headers: Iterable[Header]) -> list[Header]:
    """Return the headers and those of `HEADERS` that are not among them, but not `strict`."""
    said = [header for header in headers if header[0] != _STRICT[0]]
    there = {name.lower() for name, _ in said}
    return said + [item for item in HEADERS.items() if item[0].lower() not in there]


def strict(environ: Mapping[str, Any]) -> list[Header]:
    """Return the header that is for answers over HTTPS alone, if this is one."""
    over_https = settings.SECURE_PROXY and environ.get(settings.SECURE_PROXY_HEADER) == "https"
    return [_STRICT] if over_https else []


def secured(application: Application) -> Application:
    """Add to each answer of a WSGI application what it has not said itself."""

    def securing(environ: Any, start_response: Any) -> Iterable[bytes]:
        def starting(status: str, headers: list[Header], *rest: Any) -> Any:
            return start_response(status, complete(headers) + strict(environ), *rest)

        return application(environ, starting)

    return securing
