"""The entrypoint of the image: `serve` (the default), `migrate`, `load …` or `manage …`.

Django is imported late: it takes a second, and this runs as process 1, from which the
kernel keeps every signal that it has no handler for.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn, TextIO

MODES = """Modes of this image:
  serve          migrate, load the dataset, and serve on PORT (the default)
  migrate [...]  bring the database's tables up to date
  load [...]     load the dataset: load --help
  manage ...     any command of Django: manage help"""


def main() -> int:
    """Do what the arguments say; return the exit status."""
    signal.signal(signal.SIGTERM, _terminate)
    mode, *arguments = sys.argv[1:] or ["serve"]
    if mode not in {"serve", "migrate", "load", "manage"} or (mode == "serve" and arguments):
        return _fail(f"'{' '.join(sys.argv[1:])}' is no mode of this image.\n{MODES}")
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
        django.setup()
        _run(mode, arguments)
    except (ImproperlyConfigured, CommandError, DatabaseError) as error:
        return _fail(str(error).strip())
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _run(mode: str, arguments: list[str]) -> None:
    from django.conf import settings
    from django.core.management import call_command, execute_from_command_line
    from django.db import connections

    from adultapi.preparation import alone, prepare, wait_for_database

    patience = settings.START_TIMEOUT
    if mode != "manage":
        wait_for_database(_say, patience)
    match mode:
        case "serve":
            prepare(_say, patience)
            connections.close_all()
            _serve()
        case "migrate":
            with alone(_say, patience):
                call_command("migrate", *arguments, interactive=False)
        case "load":
            execute_from_command_line(["manage.py", "load_adult", *arguments])
        case "manage":
            execute_from_command_line(["manage.py", *arguments])


def _serve() -> NoReturn:
    """Become gunicorn, which gives SIGTERM to its workers and lets them finish their answers.

    A signal that comes while it starts would be lost, and is held until its `when_ready`.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    for name in ("LOADER_DATABASE_URL", "LOADER_DATABASE_PASSWORD_FILE"):
        os.environ.pop(name, None)  # what serves need not know how to write
    command = [sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn"]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted


def _terminate(signum: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + signum)


def _fail(text: str) -> int:
    _say(f"Error: {text}", sys.stderr)
    return 1


def _say(text: str, file: TextIO = sys.stdout) -> None:
    print(text, file=file, flush=True)


if __name__ == "__main__":
    sys.exit(main())
