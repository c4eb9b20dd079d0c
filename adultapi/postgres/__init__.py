"""The embedded PostgreSQL of somebody's own machine: found, started, shared, stopped.

Whatever needs the database runs inside `with Server(var):`. The first to come starts
PostgreSQL as its own child, on a Unix socket in a folder only its user can enter; others
use the one there is.
"""

from pathlib import Path
from urllib.parse import urlencode

from adultapi.postgres.place import PORT, Place, PostgresError
from adultapi.postgres.server import DATABASE, Server

__all__ = ["VAR", "Place", "PostgresError", "Server", "local_url"]

VAR = Path(__file__).resolve().parents[2] / "var"  # the project's own, ignored by git


def local_url(var: Path, user: str = "postgres") -> str:
    """Return the URL of the embedded database whose data is in `var`; starts nothing."""
    socket = urlencode({"host": str(Place(var).sockets), "port": PORT})
    return f"postgresql://{user}@/{DATABASE}?{socket}"
