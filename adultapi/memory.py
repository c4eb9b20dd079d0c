"""Finished answers in the memory of this process."""

import threading
from collections import OrderedDict
from typing import NamedTuple

Headers = tuple[tuple[str, str], ...]
_OVERHEAD = 4096  # bytes that an answer takes beside its bodies and values of headers, about


class Variant(NamedTuple):
    """A body as it is sent, and its headers."""

    headers: Headers
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body) + sum(len(value) for _, value in self.headers)


class Kept(NamedTuple):
    """A finished answer, plain and (where that is shorter) compressed."""

    plain: Variant
    compressed: Variant | None

    @property
    def size(self) -> int:
        return _OVERHEAD + sum(variant.size for variant in self if variant)


class Memory:
    """Answers by key, at most `capacity` bytes of them: those not used for longest make room.

    Django's `LocMemCache` unpickles at each `get`, which is a third of the time of a hit, and
    bounds the number of answers, not their size.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Kept | None:
        with self._lock:
            kept = self._answers.get(key)
            if kept is not None:
                self._answers.move_to_end(key)
            return kept

    def set(self, key: str, kept: Kept) -> None:
        with self._lock:
            self._drop(self._answers.pop(key, None))
            self._answers[key] = kept
            self._size += kept.size
            while self._size > self._capacity:
                self._drop(self._answers.popitem(last=False)[1])

    def clear(self) -> None:
        with self._lock:
            self._answers.clear()
            self._size = 0

    def _drop(self, kept: Kept | None) -> None:
        self._size -= kept.size if kept else 0
