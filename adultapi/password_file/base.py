"""Django's PostgreSQL backend, but that its password is in a file and may change there."""

import time
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

# A password changes in the database first, and in the file when somebody has fetched it.
PATIENCE = 25.0  # seconds
PAUSE = 0.5


class DatabaseWrapper(base.DatabaseWrapper):
    """Reads the file `PASSWORD_FILE` of the settings for every new connection.

    A refused password is tried again as soon as the file holds another, for `PATIENCE`
    seconds. Connections that are open stay so: PostgreSQL asks for the password only once.
    """

    def get_connection_params(self) -> dict[str, Any]:
        return super().get_connection_params() | {"password": self._password()}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return super().get_new_connection(conn_params)
            except self.Database.OperationalError as error:
                if not _refused(error):
                    raise
                refused = conn_params["password"]
                while (password := self._password()) == refused:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(PAUSE)
                conn_params = conn_params | {"password": password}

    @property
    def pool(self) -> ConnectionPool[Any] | None:
        """The pool, which asks for the parameters at each connection and tries again itself."""
        pool: ConnectionPool[Any] | None = super().pool
        if pool and not callable(pool.kwargs):
            pool.kwargs = lambda: self.get_connection_params() | {"autocommit": True}
        return pool

    def _password(self) -> str:
        path = Path(self.settings_dict["PASSWORD_FILE"])
        try:
            return path.read_text().strip()
        except OSError as error:
            raise OperationalError(
                f"the password of the database cannot be read: {error.strerror}: {path}"
            ) from error


def _refused(error: Exception) -> bool:
    """Whether the server did not take the password: libpq tells it in words alone."""
    return "authentication failed" in str(error)
