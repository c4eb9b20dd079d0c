"""Reads go to the replica (`DATABASE_REPLICA_URL`) while it is there and up to date.

An answer reads from one server alone. That is the replica if it has the very load that this
process last saw at the primary: it was asked so by each session, and does not go back. What fails
there in the midst of an answer is asked again, whole, of the primary. After that, and while it is
behind, the replica is passed over for some seconds by all but one request.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter
from psycopg.errors import QueryCanceled

from adultapi.caching import LOAD
from adultapi.loaded import Load, loaded, watch

GetResponse = Callable[[HttpRequest], HttpResponse]

ALIAS = "replica"  # in settings.DATABASES
PAUSE = 5.0  # seconds in which a replica that failed is not asked
LAG_PAUSE = 0.5  # and one that is behind

READS = Counter("adultapi_reads", "Answers that read from the database, by server.", ["server"])
REPEATED = Counter(
    "adultapi_replica_failures", "Answers asked again of the primary, for the replica failed."
)

logger = logging.getLogger(__name__)


class _Replica:
    """The replica as this process knows it; `condition` is "ok", "behind", "away" or "unknown"."""

    def __init__(self) -> None:
        self.condition = "unknown"
        self._next = 0.0
        self._verified = threading.local()

    def has(self, load: Load) -> bool:
        """Whether this thread's session to the replica sees `load`; False while it is passed over.

        Asks the replica once for each session and load.
        """
        if self.condition != "ok":
            now = time.monotonic()
            if now < self._next:
                return False
            self._next = now + PAUSE  # for the others, while this one looks
        connection = connections[ALIAS]
        try:
            connection.close_if_health_check_failed()
            connection.ensure_connection()
            if self._seen() != load:
                self._verified.session = connection.connection
                self._verified.load = loaded(ALIAS)
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            self.fail(error)
            return False
        if self._seen() == load:
            self._become("ok", 0.0)
        else:
            self._become("behind", LAG_PAUSE)
        return self._seen() == load

    def fail(self, why: object) -> None:
        self._become("away", PAUSE, why)

    def session(self) -> Any:
        """Return this thread's session, or what was one."""
        return connections[ALIAS].connection

    def _seen(self) -> Load | None:
        """Return the load that this thread's session was seen to have."""
        verified = self._verified
        if getattr(verified, "session", None) is not connections[ALIAS].connection:
            return None
        return getattr(verified, "load", None)

    def _become(self, condition: str, pause: float, why: object = "") -> None:
        self._next = time.monotonic() + pause
        if self.condition != condition:
            level = logging.INFO if condition == "ok" else logging.WARNING
            reason = f" ({str(why).strip().partition(chr(10))[0]})" if why else ""
            logger.log(level, "The replica is %s%s.", condition, reason)
        self.condition = condition


_replica = _Replica()


class _Answer:
    """Where one answer reads from: its first read decides."""

    def __init__(self) -> None:
        self.server: str | None = None
        self._session: Any = None
        self._timed_out = False

    def decide(self) -> str:
        if self.server is None:
            load = watch.latest if configured() and watch.load() else None
            self.server = ALIAS if load and _replica.has(load) else DEFAULT_DB_ALIAS
            if self.server == ALIAS:
                self._session = _replica.session()
        return self.server

    def note(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Note of a statement that it took too long: it would at the primary, too."""
        try:
            return execute(*statement)
        except DatabaseError as error:
            self._timed_out = isinstance(error.__cause__, QueryCanceled)
            raise

    @property
    def failed(self) -> bool:
        """Whether something went wrong at the replica; another session may be that of another."""
        if self.server != ALIAS or self._timed_out:
            return False
        return connections[ALIAS].errors_occurred or _replica.session() is not self._session


_answer: ContextVar[_Answer | None] = ContextVar("answer", default=None)


def configured() -> bool:
    return ALIAS in settings.DATABASES


def condition() -> str:
    """Return "ok", "behind" or "away", looking at it unless it is passed over just now."""
    if watch.load() and watch.latest:
        _replica.has(watch.latest)
    return _replica.condition


def reads(get_response: GetResponse) -> GetResponse:
    """Let answers read from the replica, and ask the primary for what failed there: middleware."""

    def attempt(request: HttpRequest, answer: _Answer) -> HttpResponse:
        token = _answer.set(answer)
        try:
            return get_response(request)
        finally:
            _answer.reset(token)

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = _Answer()
        if not configured():
            response = attempt(request, answer)
        else:
            with connections[ALIAS].execute_wrapper(answer.note):
                response = attempt(request, answer)
            if answer.failed:
                _replica.fail("it failed in the midst of an answer")
                REPEATED.inc()
                answer = _Answer()
                answer.server = DEFAULT_DB_ALIAS
                response = attempt(request, answer)
        if answer.server and LOAD not in request.META:  # no process counts its own questions
            READS.labels("replica" if answer.server == ALIAS else "primary").inc()
        return response

    return middleware


class Router:
    """Django's way to ask which database a query is for: outside of answers the primary."""

    def db_for_read(self, model: object, **hints: Any) -> str | None:  # noqa: ARG002
        answer = _answer.get()
        return answer.decide() if answer else None
