#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it uses the embedded PostgreSQL."""

import os
import signal
import sys
from contextlib import AbstractContextManager, nullcontext

from django.core.exceptions import ImproperlyConfigured

from adultapi import postgres

WITHOUT_DATABASE = {"help", "version", "check", "collectstatic", "spectacular"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
    from django.core.management import execute_from_command_line

    with database(sys.argv[1:]):
        execute_from_command_line(sys.argv)


def database(arguments: list[str]) -> AbstractContextManager[object]:
    """Returns a context with the embedded PostgreSQL if a command needs it, else an empty one."""
    asks_for_help = not arguments or {"-h", "--help", "--version"} & {*arguments}
    other_database = os.environ.get("DATABASE_URL", "").strip()
    dry_run = arguments[:1] == ["load_adult"] and any(
        len(argument) > 3 and "--dry-run".startswith(argument)  # argparse takes abbreviations
        for argument in arguments
    )
    if asks_for_help or other_database or dry_run or arguments[0] in WITHOUT_DATABASE:
        return nullcontext()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM must stop the server, too
    return postgres.Server(postgres.VAR)


if __name__ == "__main__":
    try:
        main()
    except (ImproperlyConfigured, postgres.PostgresError) as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
