"""Overload: excess requests are refused at once, and there are no lasting effects."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg

from tests.faults.load import PEOPLE, Load
from tests.faults.service import Proxy, Service

Record = Callable[..., None]
OVERLOADED = "503 overloaded"
# MATERIALIZED, since a plan for few rows would sleep once for each of them.
SLOWLY = (
    "ALTER TABLE census_person RENAME TO people",
    """CREATE VIEW census_person AS
    WITH pause AS MATERIALIZED (SELECT pg_sleep(0.5)) SELECT people.* FROM people, pause""",
    "GRANT SELECT ON census_person TO reader",
)
NORMALLY = ("DROP VIEW census_person", "ALTER TABLE people RENAME TO census_person")


def execute(owner: str, statements: tuple[str, ...]) -> None:
    with closing(psycopg.connect(owner, autocommit=True)) as session:
        for statement in statements:
            session.execute(statement)  # type: ignore[call-overload]


def test_ten_times_as_many_as_can_be_answered(
    owner: str, service: Service, before: Callable[..., Proxy], record: Record
) -> None:
    """Each answer takes half a second, and eight threads compute: 16 answers a second.

    Eight requests are computed and eight wait, of eighty clients.
    """
    proxy = before(service, SERVICE_CONNECTIONS="16")
    kept = proxy.get("/v1/computation/mean/age").body
    execute(owner, SLOWLY)
    with Load(proxy, clients=80, new=1.0) as burst:
        burst.wait_for_errors(500)
        burst.wait_for_answers(20)
        # What is known is answered all the time, and health checks come through.
        for _ in range(10):
            start = time.monotonic()
            assert proxy.get("/v1/computation/mean/age").body == kept
            assert time.monotonic() - start < 5
        assert proxy.get("/healthz").status == 200
        start = time.monotonic()
        refusals = [proxy.get(PEOPLE.new().path) for _ in range(20)]
    refused = [answer for answer in refusals if answer.status != 200]
    assert {answer.problem for answer in refused} == {"overloaded"}
    assert {answer.headers["retry-after"] for answer in refused} == {"2"}
    execute(owner, NORMALLY)
    time.sleep(2)
    with Load(proxy, clients=4) as after:
        after.healed()
        after.wait_for_answers(50)
    assert set(burst.errors) == {OVERLOADED}
    assert not burst.wrong
    assert burst.slowest < 15
    assert not after.errors
    assert after.slowest < 5
    record("ten times as many requests as can be answered", **burst.figures())
    record("two seconds after that", **after.figures())


def test_refusals_come_at_once(owner: str, service: Service, before: Callable[..., Proxy]) -> None:
    proxy = before(service, SERVICE_CONNECTIONS="4")
    execute(owner, SLOWLY)

    def timed(path: str) -> tuple[int, float]:
        start = time.monotonic()
        return proxy.get(path).status, time.monotonic() - start

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(timed, [PEOPLE.new().path for _ in range(100)]))
    refused = sorted(seconds for status, seconds in answers if status == 503)
    assert len(refused) >= 90
    assert refused[len(refused) // 2] < 0.5, "less than an answer takes"
