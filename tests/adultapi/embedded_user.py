"""A process that uses the embedded PostgreSQL: `embedded_user.py VAR UID`.

It says who started the server, then answers what it is told, line by line. What it needs
is imported before root becomes UID, who may not be let into the folders it is in.
"""

import os
import sys
from pathlib import Path

import psycopg

from adultapi.postgres import PostgresError, Server, local_url


def main() -> None:
    var = Path(sys.argv[1])
    uid = int(sys.argv[2])
    if uid != os.geteuid():
        psycopg.connect  # noqa: B018 - imports what it needs
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    with Server(var, {"fsync": "off"}) as server:
        say(server.pid)
        for line in sys.stdin:
            match line.strip():
                case "take over":
                    say(server.take_over())
                case sql:
                    with psycopg.connect(local_url(var), autocommit=True) as connection:
                        cursor = connection.execute(sql)
                        say(cursor.fetchone()[0] if cursor.description else "done")


def say(answer: object) -> None:
    print(answer, flush=True)


if __name__ == "__main__":
    try:
        main()
    except PostgresError as error:
        sys.exit(f"Error: {error}")
