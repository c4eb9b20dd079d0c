"""The headers that tell a browser what it may do, on every answer, whoever gives it."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

Application = Callable[[Any, Any], Iterable[bytes]]

HEADERS = {
    "Content-Security-Policy": "; ".join(
        " ".join((name, *sources))
        for name, sources in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
    ),
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STRICT = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains"


def secured(application: Application) -> Application:
    """Add to each answer of a WSGI application what it has not said itself."""

    def securing(environ: Any, start_response: Any) -> Iterable[bytes]:
        wanted = HEADERS
        if settings.SECURE_PROXY and environ.get("HTTP_X_FORWARDED_PROTO") == "https":
            wanted = HEADERS | {"Strict-Transport-Security": _STRICT}

        def starting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            there = {name.lower() for name, _ in headers}
            added = [(name, wanted[name]) for name in wanted if name.lower() not in there]
            return start_response(status, [*headers, *added], *rest)

        return application(environ, starting)

    return securing
