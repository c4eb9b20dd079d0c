"""`make run`: PostgreSQL, the dataset and gunicorn. All of them end with this process."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from adultapi import gunicorn, postgres
from adultapi.postgres import PostgresError, processes

_say = partial(print, flush=True)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PAUSE = 0.2
_GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn")


class StartError(Exception):
    """The service cannot start. The message says what is wrong and what to do."""


def main() -> int:
    """Serves until a signal arrives; returns the exit status."""
    for signum in _SIGNALS:
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:  # nohup
            signal.signal(signum, _interrupt)
    if "MAKELEVEL" in os.environ:  # the parent is make
        processes.follow_parent(os.getppid(), signal.SIGTERM)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
    try:
        _check_port(gunicorn.host, gunicorn.port)
        # An import that a signal interrupts can end with another error, so signals wait for it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        django.setup()
        import_module("django.core.management.commands.migrate")
        import_module("census.management.commands.load_adult")
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        if settings.LOCAL:
            with postgres.Server(postgres.VAR) as database:
                state = "started" if database.pid else "running already"
                _say(f"PostgreSQL: {state}, data in {database.place.data}")
                _serve(database)
        else:
            _say("PostgreSQL: DATABASE_URL")
            _serve(None)
    except (StartError, PostgresError, ImproperlyConfigured, CommandError) as error:
        _say(f"Error: {error}", file=sys.stderr)
        return 1
    except DatabaseError as error:
        reason = str(error).strip().partition("\n")[0]
        _say(f"Error: The database fails ({reason}): check it and DATABASE_URL.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        _say("Stopped.")
    return 0


def _serve(database: postgres.Server | None) -> NoReturn:
    """Prepares the database and serves until interrupted; restarts PostgreSQL if it ends."""
    from census.ingest.preparation import prepare  # imports models: only after django.setup()

    prepare(_say, settings.START_TIMEOUT)
    collect_static()
    connections.close_all()
    if database:
        database.release()
    server = processes.start(
        [*_GUNICORN, "--log-level", "warning", "--graceful-timeout", "3"],
        on_parent_death=signal.SIGQUIT,  # at once: the database ends too
        cwd=settings.BASE_DIR,
    )
    try:
        _wait_until_serving(server)
        _say(f"Serving with {gunicorn.workers} workers of {gunicorn.threads} threads:")
        for path in ("/", "/docs", "/v1/computation/mean/age"):
            _say(f"  http://{gunicorn.address(_local_host())}{path}")
        _say("Ctrl-C stops everything.")
        while server.poll() is None:
            time.sleep(_PAUSE)
            if database and database.take_over():
                _say("PostgreSQL: ended and was started again")
    finally:
        processes.stop(server, (signal.SIGTERM, 5), (signal.SIGQUIT, 5), session=True)
    raise StartError("gunicorn has ended: its messages above may say why. Start again.")


def collect_static() -> None:
    """Collects the static files unless the same files were collected before."""
    found = (item for finder in get_finders() for item in finder.list([]))
    files = sorted((name, Path(store.path(name)).stat().st_mtime_ns) for name, store in found)
    note = Path(settings.STATIC_ROOT) / ".collected"
    if note.exists() and note.read_text() == repr(files):
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    note.write_text(repr(files))
    _say(f"Static files: {len(files)} collected")


def _wait_until_serving(server: subprocess.Popen[bytes]) -> None:
    """Waits until a worker answers or gunicorn ends."""
    while server.poll() is None:
        connection = HTTPConnection(_local_host(), gunicorn.port, timeout=30)
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
            f"Cannot serve on port {port} of {host} ({error.strerror}): stop the program that "
            f"uses it, or set another port, as in `PORT={other} make run`."
        ) from error


def _local_host() -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(gunicorn.host, gunicorn.host)  # noqa: S104


def _interrupt(_signum: int, _frame: FrameType | None) -> NoReturn:
    for signum in _SIGNALS:  # a second signal must not interrupt the clean-up
        signal.signal(signum, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
