"""Django's PostgreSQL backend, but that sessions may be kept, and passwords change in a file."""

import select
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.backends.postgresql import base
from prometheus_client import Counter, Gauge

# A password changes in the database first, and in the file when somebody has fetched it.
PATIENCE = 25.0  # seconds; that of the settings goes before
PAUSE = 0.5
GRACE = 5.0  # seconds that a server has to say that it stopped a statement

SESSIONS = Gauge(
    "adultapi_database_sessions",
    "Sessions with the database that are open, to serve.",
    multiprocess_mode="livesum",
)
OPENED = Counter("adultapi_database_sessions_opened", "Sessions that were opened, to serve.")


class Session(psycopg.Connection[Any]):
    """Gives up a server that neither answers nor stops a statement at its time limit.

    Such a server may still take what it is sent: it hangs, or its disk does.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if settings.SERVING:
            timeout = settings.STATEMENT_TIMEOUT + GRACE
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.errors._WaitTimeout as error:
            self.close()
            raise HangingError(f"the database has not answered for {timeout:g} s") from error


class HangingError(psycopg.OperationalError):
    """The server does not answer, and another session would wait as long."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks after a session that `CONN_MAX_AGE` keeps, and reads `PASSWORD_FILE` for a new one.

    A refused password is tried again as soon as the file holds another, for `PATIENCE`
    seconds. Sessions that are open stay so: PostgreSQL asks for the password only once.
    With no `PATIENCE` nothing is tried twice, for who asks has another server to turn to.
    """

    Database: Any = SimpleNamespace(**vars(psycopg) | {"connect": Session.connect})

    def __init__(self, *given: Any, **names: Any) -> None:
        super().__init__(*given, **names)
        if self.settings_dict["CONN_MAX_AGE"] != 0 and self._patience:
            self.execute_wrappers.append(self._once_more)

    def is_usable(self) -> bool:
        """Whether the server still holds the session: who ends one says so without being asked.

        So there is nothing to ask, which would be a round trip for each request, while all is
        quiet on the line.
        """
        if self.connection is None or self.connection.closed:
            return False
        line = select.poll()
        line.register(self.connection.fileno(), select.POLLIN)
        return not line.poll(0) or super().is_usable()

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        return params | {"password": self._password()} if self._password_file else params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = self._connected(conn_params)
        if settings.SERVING:
            SESSIONS.inc()
            OPENED.inc()
        return connection

    def _close(self) -> None:
        if settings.SERVING:
            SESSIONS.dec()
        super()._close()  # type: ignore[misc]  # it has one

    def _connected(self, conn_params: dict[str, Any]) -> Any:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return super().get_new_connection(conn_params)
            except self.Database.OperationalError as error:
                if not self._password_file or not _refused(error):
                    raise
                refused = conn_params["password"]
                while (password := self._password()) == refused:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(PAUSE)
                conn_params = conn_params | {"password": password}

    def _once_more(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Execute a statement again in a new session where the server ended the one it was in.

        Between the look at the line and the statement it still can. Who keeps sessions reads, so
        that nothing is done twice; within a transaction more than a statement is lost.
        """
        try:
            return execute(sql, params, many, context)
        except (OperationalError, InterfaceError) as error:
            ended = self.connection is not None and self.connection.closed
            if self.in_atomic_block or not ended or isinstance(error.__cause__, HangingError):
                raise
        self.close()
        self.ensure_connection()
        context["cursor"].cursor = self.create_cursor()
        return execute(sql, params, many, context)

    @property
    def _patience(self) -> float:
        return float(self.settings_dict.get("PATIENCE", PATIENCE))

    @property
    def _password_file(self) -> str | None:
        return self.settings_dict.get("PASSWORD_FILE")

    def _password(self) -> str:
        path = Path(self._password_file or "")
        try:
            return path.read_text().strip()
        except OSError as error:
            raise OperationalError(
                f"the password of the database cannot be read: {error.strerror}: {path}"
            ) from error


def _refused(error: Exception) -> bool:
    """Whether the server did not take the password: libpq tells it in words alone."""
    return "authentication failed" in str(error)
