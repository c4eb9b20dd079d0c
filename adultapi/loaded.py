"""Which dataset is loaded, as this process last saw it."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError

from census.models import Dataset

logger = logging.getLogger(__name__)


class Load(NamedTuple):
    """A load: the version of the dataset, and when it came."""

    version: str
    loaded_at: datetime


def loaded(using: str = DEFAULT_DB_ALIAS) -> Load | None:
    """Return the load that a database has now."""
    row = Dataset.objects.using(using).values_list("version", "loaded_at").first()
    return Load(*row) if row else None


class _Watch:
    """Asks the primary at most every `DATASET_POLL_SECONDS`, one thread at a time.

    While the database is away what was seen last holds. `on_change` is called when another
    load is seen, the first among them.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[], object] = bool
        self._seen: Load | None = None
        self._next = 0.0
        self._asking = threading.Lock()

    def fresh(self) -> Load | None:
        """Return the load last seen, if that need not be asked for again yet."""
        return self._seen if time.monotonic() < self._next else None

    def load(self) -> Load | None:
        """Return the load last seen; None where none was.

        Who comes while another asks takes what is known, unless that is old.
        """
        late = time.monotonic() - self._next
        old = self._seen is None or late > settings.DATASET_POLL_SECONDS
        if late >= 0 and self._asking.acquire(blocking=old):
            try:
                if time.monotonic() >= self._next:
                    self.ask()
            finally:
                self._asking.release()
        return self._seen

    def ask(self) -> Load | None:
        """Return the load that the database has now; the one last seen when it is away."""
        try:
            before, self._seen = self._seen, loaded()
            if self._seen and self._seen != before:
                self.on_change()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("Which dataset is loaded could not be asked: %s", error)
        self._next = time.monotonic() + settings.DATASET_POLL_SECONDS
        return self._seen


watch = _Watch()
