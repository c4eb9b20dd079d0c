"""Reads by a streaming replica: who answers while it follows, lags, dies and comes back.

tests/faults/test_replica.py has what takes longer.
"""

from collections.abc import Iterator

import psycopg
import pytest

from tests.faults.service import Service, wait_until
from tests.replication import (
    SCANS,
    Clients,
    Cluster,
    condition,
    counted,
    figure,
    new_question,
)


@pytest.fixture(scope="module")
def one_process(cluster: Cluster) -> Iterator[Service]:
    with Service(cluster.environment | {"WEB_CONCURRENCY": "1"}) as running:
        yield running


@pytest.fixture
def service(following: Cluster, one_process: Service) -> Service:
    """One process, which knows what it has told already, and uses the replica."""
    wait_until(lambda: condition(one_process) == "ok")
    return one_process


def test_answers_are_read_from_the_replica(following: Cluster, service: Service) -> None:
    paths = [new_question() for _ in range(20)]
    paths += ["/v1/people?page_size=3", "/v1/people/5", "/v1/crosstab/sex/income"]
    scans = following.ask_primary(SCANS)
    with counted(service) as found:
        for path in paths:
            assert service.get(path).status == 200
    assert found["replica"] == len(paths)
    assert found["primary"] == 0
    assert figure(service, "adultapi_replica_up") == 1
    # And so say the servers, which tell of a scan when its session is idle for a while or ends.
    wait_until(lambda: following.ask_replica(SCANS) >= len(paths))
    assert following.ask_primary(SCANS) == scans


def test_files_are_read_from_the_replica(following: Cluster, service: Service) -> None:
    with psycopg.connect(following.primary_url) as connection, connection.cursor() as cursor:
        query = "COPY (SELECT * FROM census_person ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"
        with cursor.copy(query) as copy:
            whole = b"".join(copy)
    with counted(service) as found:
        assert service.get("/v1/people.csv").body == whole
        assert service.get("/v1/people.ndjson?sex=Female&age__gt=70").body.count(b"\n") > 1
        assert service.get("/v1/people.parquet").body[:4] == b"PAR1"
    assert found["replica"] == 3
    assert found["primary"] == 0


def test_a_replica_that_is_behind_is_passed_over(following: Cluster, service: Service) -> None:
    """Answers of the new dataset come from the primary until the replica has it, too."""
    versions = following.rows()
    old = next(iter(versions))
    with following.paused():
        new = following.load_other()
        with Clients(service, versions) as clients:
            wait_until(lambda: clients.wrong or clients.latest == new)
            assert following.ask_replica("SELECT version FROM census_dataset") == old
            assert condition(service) == "behind"
            clients.settle()
            with counted(service) as found:
                clients.more(30)
            assert found["replica"] == 0
            assert found["primary"] >= 30
    wait_until(lambda: condition(service) == "ok")
    with Clients(service, following.rows()) as clients, counted(service) as found:
        clients.more(20)
    assert found["replica"] >= 20
    assert found["primary"] == 0


def test_a_pause_ends_with_what_fails_in_it(following: Cluster) -> None:
    with pytest.raises(ZeroDivisionError), following.paused():
        _ = 1 / 0
    assert not following.ask_replica("SELECT pg_is_wal_replay_paused()")


def test_a_load_while_the_replica_follows(following: Cluster, service: Service) -> None:
    """Whatever the replica has at the moment, no answer goes back or is mixed."""
    with Clients(service, following.rows()) as clients:
        clients.more(10)
        new = following.load_other()
        wait_until(lambda: clients.wrong or clients.latest == new)
        wait_until(lambda: condition(service) == "ok")
        clients.more(10)


def test_a_replica_that_is_killed_fails_no_request(following: Cluster, service: Service) -> None:
    with Clients(service, following.rows()) as clients:
        for _ in range(2):
            with counted(service) as found:
                clients.more(20)
            assert found["replica"] > 0
            following.kill_replica()
            clients.more(30)
            assert condition(service) == "away"
            assert figure(service, "adultapi_replica_up") == 0
            clients.settle()
            with counted(service) as found:
                clients.more(30)
            assert found["replica"] == 0
            assert following.replica.take_over()
            wait_until(lambda: condition(service) == "ok")
