"""Answers while the shared cache is down or hangs."""

import signal
from collections.abc import Callable

from tests.faults.cache import Cache
from tests.faults.load import Load
from tests.faults.service import Service, wait_until

Record = Callable[..., None]


def test_killed_and_started_again(url: str, cache: Cache, record: Record) -> None:
    """No request fails: the database has all answers."""
    with Service({"DATABASE_URL": url, "CACHE_URL": cache.url}) as service, Load(service) as load:
        wait_until(lambda: cache.keys > 20)
        cache.end()
        load.wait_for_answers(100)
        cache.start()
        load.healed()
        wait_until(lambda: cache.keys > 20)  # it is used again
    assert not load.errors
    record("cache killed and restarted", **load.figures())


def test_it_hangs(url: str, cache: Cache, record: Record) -> None:
    with Service({"DATABASE_URL": url, "CACHE_URL": cache.url}) as service, Load(service) as load:
        wait_until(lambda: cache.keys > 20)
        cache.process.send_signal(signal.SIGSTOP)
        load.wait_for_answers(200)
        cache.process.send_signal(signal.SIGCONT)
        load.healed()
        before = cache.keys
        wait_until(lambda: cache.keys > before + 20)
    assert not load.errors
    assert load.slowest < 10
    record("cache hangs", **load.figures())
