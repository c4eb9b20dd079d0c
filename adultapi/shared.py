"""A cache that several processes share, and that may be away at any time."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import BaseCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_KEEP = 24 * 60 * 60  # seconds: answers of datasets and code that are gone go, too
_LOCKED = 10.0  # seconds that one process may take before others compute it as well
_PAUSE = 0.02
_REST = 5.0  # seconds without trying, after a failure


class Shared:
    """A cache of Django's by which nothing fails: while it is away it holds nothing."""

    def __init__(self, cache: BaseCache) -> None:
        self._cache = cache
        self._away_until = 0.0

    def get(self, key: str) -> Any:
        return self._try(self._cache.get, key)

    def set(self, key: str, value: Any) -> None:
        self._try(self._cache.set, key, value, _KEEP)

    def add_up(self, key: str, more: int, seconds: int) -> int | None:
        """Add to the number kept under `key` for `seconds`; return it, None while it is away."""
        number = self._try(self._add_up, key, more, seconds)
        return None if number is None else int(number)

    def _add_up(self, key: str, more: int, seconds: int) -> int:
        if more == 0:
            return int(self._cache.get(key, 0))
        try:
            return self._cache.incr(key, more)
        except ValueError:  # it is not there yet
            if self._cache.add(key, more, seconds):
                return more
            return self._cache.incr(key, more)

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Let one process in at a time; let in all when it is away or one takes long."""
        lock = f"{key}:lock"
        end = time.monotonic() + _LOCKED
        while self._try(self._cache.add, lock, 1, _LOCKED) is False and time.monotonic() < end:
            time.sleep(_PAUSE)
        try:
            yield
        finally:
            self._try(self._cache.delete, lock)

    def _try(self, method: Any, *arguments: Any) -> Any:
        """Return what `method` does, None when the cache is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return method(*arguments)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + _REST
            logger.warning("The shared cache is away, done without for %g s: %s", _REST, error)
            return None
