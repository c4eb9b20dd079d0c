"""`make run`: PostgreSQL, the dataset and gunicorn, all of which end with this process."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from adultapi import gunicorn, postgres
from adultapi.postgres import PostgresError, processes

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PAUSE = 0.2
_GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn")


class StartError(Exception):
    """One sentence for a person: what is wrong, and what to do about it."""


def main() -> int:
    """Serves until a signal comes; returns the exit status."""
    for signum in _SIGNALS:
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:  # nohup
            signal.signal(signum, _interrupt)
    if "MAKELEVEL" in os.environ:  # the parent is make: end with it
        processes.follow_parent(os.getppid(), signal.SIGTERM)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
    try:
        _check_port(gunicorn.host, gunicorn.port)
        django.setup()
        if settings.LOCAL:
            with postgres.Server(postgres.VAR) as database:
                state = "started" if database.pid else "running already"
                _say(f"PostgreSQL: {state}, data in {database.place.data}")
                _serve(database)
        else:
            _say("PostgreSQL: DATABASE_URL")
            _serve(None)
    except (StartError, PostgresError, ImproperlyConfigured, CommandError) as error:
        _say(f"Error: {error}", sys.stderr)
        return 1
    except DatabaseError as error:
        reason = str(error).strip().partition("\n")[0]
        _say(f"Error: The database fails ({reason}): see to it, or to DATABASE_URL.", sys.stderr)
        return 1
    except KeyboardInterrupt:
        _say("Stopped.")
    return 0


def _serve(database: postgres.Server | None) -> NoReturn:
    """Prepares and serves, and keeps the database alive, until interrupted."""
    from census.ingest.preparation import prepare  # knows models: only after django.setup()

    prepare(_say, settings.START_TIMEOUT)
    _collect_static()
    connections.close_all()
    if database:
        database.leave_to_owner()
    server = processes.start(
        [*_GUNICORN, "--log-level", "warning", "--graceful-timeout", "3"],
        on_parent_death=signal.SIGQUIT,  # at once, as the database goes too
        cwd=settings.BASE_DIR,
    )
    try:
        _wait_until_serving(server)
        _say(f"Serving with {gunicorn.workers} workers of {gunicorn.threads} threads:")
        for path in ("/", "/docs", "/v1/computation/mean/age"):
            _say(f"  http://{gunicorn.address(_reachable_host())}{path}")
        _say("Ctrl-C stops everything.")
        while server.poll() is None:
            time.sleep(_PAUSE)
            if database and database.take_over():
                _say("PostgreSQL: had ended, started again")
    finally:
        processes.stop(server, (signal.SIGTERM, 5), (signal.SIGQUIT, 5), session=True)
    raise StartError("gunicorn has ended: its messages above may say why; start again.")


def _collect_static() -> None:
    """Collects the static files unless the same files were collected before."""
    found = [
        (path, Path(storage.path(path)).stat())
        for finder in get_finders()
        for path, storage in finder.list([])
    ]
    files = sorted((path, status.st_size, status.st_mtime_ns) for path, status in found)
    digest = hashlib.sha256(repr(files).encode()).hexdigest()
    note = Path(settings.STATIC_ROOT) / ".digest"
    if note.exists() and note.read_text() == digest:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    note.write_text(digest)
    _say(f"Static files: {len(files)} collected")


def _wait_until_serving(server: subprocess.Popen[bytes]) -> None:
    """Returns once a worker answers, or gunicorn has ended."""
    while server.poll() is None:
        connection = HTTPConnection(_reachable_host(), gunicorn.port, timeout=30)
        with closing(connection), suppress(OSError, HTTPException):
            connection.request("GET", "/healthz")
            connection.getresponse()
            return
        time.sleep(_PAUSE / 4)


def _check_port(host: str, port: int) -> None:
    try:
        family, kind, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        other = port + 1 if port < 65535 else 8000
        raise StartError(
            f"Cannot serve on port {port} of {host} ({error.strerror}): stop what uses it, or "
            f"choose another by the environment, as in `PORT={other} make run`."
        ) from error


def _reachable_host() -> str:
    """Returns the host by which a browser on this machine reaches the service."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(gunicorn.host, gunicorn.host)  # noqa: S104


def _interrupt(_signum: int, _frame: FrameType | None) -> NoReturn:
    for signum in _SIGNALS:  # once is enough: the rest is cleaning up
        signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt


def _say(text: str, file: TextIO = sys.stdout) -> None:
    print(text, file=file, flush=True)


if __name__ == "__main__":
    sys.exit(main())
