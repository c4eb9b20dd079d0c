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

_NOTICE = 0.8  # seconds: all see a load within two, those included in which nobody asked


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

    While the database is away what was seen last holds. `prepare` is called with each load that
    is seen, and the one before: until it is done, or `_NOTICE` is over, that one holds.
    """

    def __init__(self) -> None:
        self.prepare: Callable[[Load, Load | None], object] | None = None
        self._seen: Load | None = None
        self.latest: Load | None = None  # that the database was seen to have
        self._next = 0.0
        self._away = False
        self._asking = threading.Lock()
        self._changing = threading.Lock()

    def fresh(self) -> Load | None:
        """Return the load that holds, if that need not be asked for again yet, or is by now."""
        late = time.monotonic() - self._next
        known = late < 0 or (self._asking.locked() and late < settings.DATASET_POLL_SECONDS)
        return self._seen if known else None

    def load(self) -> Load | None:
        """Return the load that holds; None where none does.

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
            latest = loaded()
        except (DatabaseError, InterfaceError) as error:
            if not self._away:  # once is enough
                logger.warning("Which dataset is loaded could not be asked: %s", error)
            self._away = True
        else:
            self._away = False
            with self._changing:
                if latest != self.latest:
                    self.latest = latest
                    self._change(latest)
        self._next = time.monotonic() + settings.DATASET_POLL_SECONDS
        return self.latest

    def tell(self, load: Load) -> None:
        """Let `load` hold, prepared or not: who was answered from it is to see none before it."""
        with self._changing:
            if load == self.latest:
                self._seen = load

    def _change(self, load: Load | None) -> None:
        if load is None or self.prepare is None:
            self._seen = load
            return
        preparing = threading.Thread(target=self.prepare, args=[load, self._seen], daemon=True)
        preparing.start()
        if self._seen is None:
            self._seen = load
        else:
            threading.Thread(target=self._replace, args=[load, preparing], daemon=True).start()

    def _replace(self, load: Load, preparing: threading.Thread) -> None:
        preparing.join(_NOTICE)
        if load is self.latest:
            self._seen = load


watch = _Watch()
