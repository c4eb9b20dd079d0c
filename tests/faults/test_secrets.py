"""No answer, log or message contains a secret, whatever error is provoked."""

import os
import signal
import sys
from http.client import IncompleteRead
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from adultapi.postgres import Server
from tests.faults.service import Service, wait_until

PASSWORD, CACHE_PASSWORD, KEY = "hunter2-correct", "horse-battery", "staple-" * 9
SECRETS = [text.encode() for text in (PASSWORD, CACHE_PASSWORD, "staple")]
PATHS = (
    *("/", "/v1", "/v1/computation/mean/age", "/v1/people.csv", "/v1/fields?nope=1", "/nope"),
    *("/v1/computation/mean/age?format=api", "/metrics", "/readyz", "/schema", "/docs"),
)


def test_no_secret_is_told(database: Server, url: str, owner: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    redirect = ("bash", "-c", 'exec "$@" >"$0" 2>&1', str(said))
    environment = {
        "DATABASE_URL": urlsplit(url)._replace(netloc=f"reader:{PASSWORD}@").geturl(),
        "CACHE_URL": f"redis://:{CACHE_PASSWORD}@127.0.0.1:1/0",
        "SECRET_KEY": KEY,
        "LOG_LEVEL": "DEBUG",
    }
    gunicorn = (sys.executable, "-m", "gunicorn", "-c", "python:adultapi.gunicorn")
    with Service(environment, command=(*redirect, *gunicorn)) as service:
        told = ask_all(service)
        told += [Path(f"/proc/{w}/cmdline").read_bytes() for w in service.workers]
        with psycopg.connect(owner, autocommit=True) as session:
            session.execute("ALTER TABLE census_person RENAME age TO years")  # a fault of our own
            told += ask_all(service)
            session.execute("ALTER TABLE census_person RENAME years TO age")
            others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL"
            before = session.execute(f"SELECT pid {others}").fetchall()
            session.execute(f"SELECT pg_terminate_backend(pid) {others}")
            # Soon: else a file that is sent meanwhile would break off.
            wait_until(lambda: not {*before} & {*session.execute(f"SELECT pid {others}")})
        told += ask_all(service)
        assert database.pid
        os.kill(database.pid, signal.SIGKILL)
        wait_until(lambda: service.get("/readyz").status == 503)
        told += ask_all(service)
        service.signal(signal.SIGHUP)
        told += ask_all(service)
    logged = said.read_bytes()
    assert b"UndefinedColumn" in logged  # the fault was logged with its traceback
    assert b"database" in logged
    for text in (*told, logged):
        assert not [secret for secret in SECRETS if secret in text], text[:2000]


numbers = count()


def ask_all(service: Service) -> list[bytes]:
    """Returns the whole answer."""
    told: list[Any] = []
    for path in PATHS:
        # A query that was not asked before is in no memory.
        try:
            answer = service.get(f"{path}{'&' if '?' in path else '?'}age__gte={next(numbers)}")
        except IncompleteRead as broken:  # a file, when what gave it its rows ends as well
            told.append(broken.partial)
        else:
            told += [answer.body, repr(answer.headers).encode()]
    return told
