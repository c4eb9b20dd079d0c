"""Cache-Control of pages for shared caches such as nginx."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control


def shared(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Lets shared caches keep a page for two seconds, and longer while the service is away.

    Browsers ask each time. Errors and redirects are not kept.
    """

    @wraps(view)
    def sharing(request: HttpRequest, *arguments: Any, **names: Any) -> HttpResponseBase:
        response = view(request, *arguments, **names)
        if response.status_code == 200:
            patch_cache_control(
                response,
                public=True,
                max_age=0,
                s_maxage=2,
                stale_while_revalidate=600,
                stale_if_error=86400,
            )
        return response

    return sharing
