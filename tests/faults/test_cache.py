"""What becomes of answers when the shared cache dies or hangs."""

import signal
from collections import Counter
from collections.abc import Callable

from tests.faults.cache import Cache
from tests.faults.load import Load
from tests.faults.service import WORKERS, Service, wait_until

Record = Callable[..., None]
MEAN = "/v1/computation/mean/age"


def test_killed_and_started_again(url: str, cache: Cache, record: Record) -> None:
    """Nobody notices: each process has its own memory, and the database."""
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


def test_the_limit_without_the_cache_that_counts(url: str, cache: Cache) -> None:
    """Each process then counts by itself."""
    limit = {"RATE_LIMIT": "3/day", "CACHE_URL": cache.url}
    with Service({"DATABASE_URL": url} | limit) as service:

        def statuses(number: int) -> list[int]:
            return [service.get(f"{MEAN}?age__gt={20 + n}").status for n in range(number)]

        assert statuses(6) == [200] * 3 + [429] * 3
        cache.end()
        counted = Counter(statuses(20))
        assert 1 <= counted.pop(200) <= 3 * WORKERS
        assert set(counted) == {429}
