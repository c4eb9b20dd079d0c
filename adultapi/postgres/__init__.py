"""The embedded PostgreSQL of a developer's machine.

Code that needs the database runs inside `with Server(var):`. The first process starts PostgreSQL
as its child, on a Unix socket in a folder that only its user can enter. Other processes use the
same server.
"""

from pathlib import Path
from urllib.parse import urlencode

from adultapi.postgres.place import PORT, Place, PostgresError
from adultapi.postgres.server import DATABASE, Server

__all__ = ["VAR", "Place", "PostgresError", "Server", "local_url"]

VAR = Path(__file__).resolve().parents[2] / "var"  # ignored by git


def local_url(var: Path, user: str = "postgres") -> str:
    """Returns the URL of the embedded database with its data in `var`. It starts nothing."""
    socket = urlencode({"host": str(Place(var).sockets), "port": PORT})
    return f"postgresql://{user}@/{DATABASE}?{socket}"
