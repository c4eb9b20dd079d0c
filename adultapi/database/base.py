"""Django's PostgreSQL backend, but that sessions may be kept, and passwords change in a file."""

import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.backends.postgresql import base
from prometheus_client import Counter, Gauge

# A password changes in the database first, and in the file when somebody has fetched it.
PATIENCE = 25.0  # seconds; that of the settings goes before
PAUSE = 0.5


SESSIONS = Gauge(
    "adultapi_database_sessions",
    "Sessions with the database that are open, to serve.",
    multiprocess_mode="livesum",
)
OPENED = Counter("adultapi_database_sessions_opened", "Sessions that were opened, to serve.")


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks after a session that `CONN_MAX_AGE` keeps, and reads `PASSWORD_FILE` for a new one.

    A refused password is tried again as soon as the file holds another, for `PATIENCE`
    seconds. Sessions that are open stay so: PostgreSQL asks for the password only once.
    With no `PATIENCE` nothing is tried twice, for who asks has another server to turn to.
    """

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
        except (OperationalError, InterfaceError):
            if self.in_atomic_block or self.connection is None or not self.connection.closed:
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
