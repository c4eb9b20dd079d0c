"""What goes wrong with a streaming replica; tests/adultapi/test_replica.py has what goes well."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adultapi.replica import PAUSE
from tests.faults.load import PEOPLE, Load
from tests.faults.service import Service, wait_until
from tests.replication import (
    Clients,
    Cluster,
    condition,
    counted,
    figure,
    new_question,
)

FAILURES = "adultapi_replica_failures_total"


class Deaf(threading.Thread):
    """A server that takes connections and never answers."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        self.url = f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}/adult"
        self.taken: list[socket.socket] = []
        self._listener = listener

    def run(self) -> None:
        with suppress(OSError):  # closed
            while True:
                self.taken.append(self._listener.accept()[0])


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Deaf(listener)
        server.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        server.join()
    for client in server.taken:
        client.close()


def test_a_service_starts_without_its_replica(following: Cluster) -> None:
    following.kill_replica()
    with (
        Service(following.environment) as service,
        Clients(service, following.rows()) as clients,
    ):
        clients.more(20)
        assert condition(service) == "away"
        assert following.replica.take_over()
        wait_until(lambda: condition(service) == "ok")


def test_a_replica_that_does_not_answer_is_asked_seldom(following: Cluster, deaf: Deaf) -> None:
    """It costs one request two seconds, and then none for some."""
    environment = following.environment | {"DATABASE_REPLICA_URL": deaf.url, "WEB_CONCURRENCY": "1"}
    began = time.monotonic()
    with Service(environment) as service:
        while len(deaf.taken) < 3:
            assert service.get(new_question()).status == 200
        assert len(deaf.taken) <= 1 + (time.monotonic() - began) / PAUSE
        assert condition(service) == "away"


def test_a_refused_password_fails_no_request(following: Cluster, tmp_path: Path) -> None:
    """The password for the replica is in a file, may be late there, and may change."""
    following.execute("CREATE ROLE secretive LOGIN SUPERUSER PASSWORD 'first'")
    rules = following.replica.place.data / "pg_hba.conf"
    rules.write_text(f"local all secretive scram-sha-256\n{rules.read_text()}")
    wait_until(following.caught_up)
    following.ask_replica("SELECT pg_reload_conf()")
    file = tmp_path / "password"
    file.write_text("wrong")
    environment = following.environment | {
        "DATABASE_REPLICA_URL": following.replica_url.replace("postgres@", "secretive@"),
        "DATABASE_REPLICA_PASSWORD_FILE": str(file),
    }
    with Service(environment) as service, Clients(service, following.rows()) as clients:
        clients.more(20)
        assert condition(service) == "away"
        file.write_text("first")
        wait_until(lambda: condition(service) == "ok")
        following.execute("ALTER ROLE secretive PASSWORD 'second'")
        wait_until(following.caught_up)
        following.ask_replica(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE usename = 'secretive'"
        )
        clients.more(40)
        file.write_text("second")
        wait_until(lambda: condition(service) == "ok")
        with counted(service) as found:
            clients.more(20)
        assert found["replica"] > 0


@contextmanager
def locked(cluster: Cluster) -> Iterator[Any]:
    """Have the table locked at the primary, of which the replica hears; yields who does."""
    locks = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
    with closing(psycopg.connect(cluster.primary_url)) as blocker:
        blocker.execute("LOCK TABLE census_person")
        cluster.execute("CHECKPOINT")  # no commit sends what is written of the lock
        wait_until(lambda: cluster.ask_replica(locks))
        yield blocker


def test_what_takes_too_long_is_not_asked_twice(following: Cluster) -> None:
    with Service(following.environment | {"STATEMENT_TIMEOUT": "1"}) as service:
        wait_until(lambda: condition(service) == "ok")
        with locked(following):
            answer = service.get(new_question())
        assert (answer.status, answer.problem) == (503, "timeout")
        assert figure(service, FAILURES) == 0


def test_what_fails_at_the_replica_is_asked_of_the_primary(following: Cluster) -> None:
    """As where the replica ends a session that is in the way of what it replays."""
    at_work = "FROM pg_stat_activity WHERE application_name = 'adultapi' AND state = 'active'"
    answers: list[Any] = []
    with Service(following.environment) as service:
        wait_until(lambda: condition(service) == "ok")
        with locked(following) as blocker, following.paused():
            blocker.rollback()  # at the replica the table stays locked
            asking = threading.Thread(target=lambda: answers.append(service.get(new_question())))
            asking.start()
            wait_until(lambda: following.ask_replica(f"SELECT count(*) {at_work}"))
            following.ask_replica(f"SELECT count(pg_terminate_backend(pid)) {at_work}")
            asking.join()
        assert answers[0].status == 200
        assert figure(service, FAILURES) >= 1  # of what the processes ask themselves, more


def test_it_is_away_and_behind_under_load(following: Cluster, record: Any) -> None:
    if following.datasets[0].rows != PEOPLE.rows:
        following.load_other()
    with Service(following.environment) as service:
        wait_until(lambda: condition(service) == "ok")
        with Load(service) as load:
            following.kill_replica()
            load.wait_for_answers(100)
            assert condition(service) == "away"
            assert following.replica.take_over()
            load.healed()
            wait_until(lambda: condition(service) == "ok")
            load.wait_for_answers(50)
        assert not load.errors
        record("replica killed and restarted", **load.figures())
        with Load(service) as load:
            with following.paused():
                following.manage("load_adult", "-v0", "--force")
                wait_until(lambda: condition(service) == "behind")
                load.wait_for_answers(100)
            load.healed()
            wait_until(lambda: condition(service) == "ok")
            load.wait_for_answers(50)
        assert not load.errors
        record("replica behind a load", **load.figures())
