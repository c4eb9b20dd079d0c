"""The entry point of the image. Its first argument is one of `MODES`.

Django is imported late because its import takes a second. This is process 1, and until it has
set its handler for SIGTERM the kernel ignores that signal.
"""

import os
import signal
import sys
from functools import partial
from importlib import import_module
from types import FrameType
from typing import NoReturn

_say = partial(print, flush=True)
MODES = """Modes of this image:
  start          prepare, then serve on PORT (the default)
  prepare        migrate, then load the dataset unless another one is loaded
  serve          only serve; needs no LOADER_DATABASE_URL
  migrate [...]  migrate the database
  load [...]     load the dataset; see load --help
  manage ...     run any Django command; see manage help"""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_WITHOUT_ARGUMENTS = {"start", "prepare", "serve"}


def main() -> int:
    """Runs the mode that the arguments name; returns the exit status."""
    signal.signal(signal.SIGTERM, _terminate)
    # An import that a signal interrupts can end with another error, so signals wait for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    mode, *arguments = sys.argv[1:] or ["start"]
    known = {*_WITHOUT_ARGUMENTS, "migrate", "load", "manage"}
    if mode not in known or (mode in _WITHOUT_ARGUMENTS and arguments):
        return _fail(f"'{' '.join(sys.argv[1:])}' is not a mode of this image.\n{MODES}")
    if not os.environ.get("DATABASE_URL", "").strip():
        return _fail(
            "DATABASE_URL is not set: set it to postgresql://USER:PASSWORD@HOST:PORT/NAME."
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError
    from django.db import DatabaseError

    try:
        if mode != "serve":
            django.setup()
            _run(mode, arguments)
        if mode in {"start", "serve"}:
            _serve()
    except (ImproperlyConfigured, CommandError, DatabaseError) as error:
        return _fail(str(error).strip())
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _run(mode: str, arguments: list[str]) -> None:
    from django.conf import settings
    from django.core.management import call_command, execute_from_command_line
    from django.db import connections

    from census.ingest.preparation import migration_lock, prepare, wait_for_database

    import_module("django.core.management.commands.migrate")
    import_module("census.management.commands.load_adult")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    if mode == "manage":
        return execute_from_command_line(["manage.py", *arguments])
    wait_for_database(_say, settings.START_TIMEOUT)
    if mode == "load":
        execute_from_command_line(["manage.py", "load_adult", *arguments])
    elif mode == "migrate":
        with migration_lock(_say, settings.START_TIMEOUT):
            call_command("migrate", *arguments, interactive=False)
    else:
        prepare(_say, settings.START_TIMEOUT)
    return connections.close_all()


def _serve() -> NoReturn:
    """Replaces this process by gunicorn, without the loader's credentials."""
    os.environ.pop("LOADER_DATABASE_URL", None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    os.execl(sys.executable, sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn")  # noqa: S606 - no shell is wanted


def _terminate(signum: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + signum)


def _fail(text: str) -> int:
    _say(f"Error: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
