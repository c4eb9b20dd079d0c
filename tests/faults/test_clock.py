"""What becomes of answers when the clock is set forward or back."""

import sys
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.faults.load import Load
from tests.faults.service import GUNICORN, Service

HOUR = 3600
DAY = 24 * HOUR
MEAN = "/v1/computation/mean/age"


@pytest.fixture
def set_clock(tmp_path: Path) -> Callable[[int], None]:
    """Set the clock of the service so many seconds off."""

    def write(seconds: int) -> None:
        (tmp_path / "new").write_text(str(seconds))
        (tmp_path / "new").replace(tmp_path / "offset")

    write(0)
    return write


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    module = str(Path(__file__).with_name("clock.py"))
    return (sys.executable, module, str(tmp_path / "offset"), *GUNICORN[2:])


def test_the_clock_jumps(
    url: str,
    command: tuple[str, ...],
    set_clock: Callable[[int], None],
    record: Callable[..., None],
) -> None:
    with Service({"DATABASE_URL": url}, command=command) as service, Load(service) as load:
        workers = service.workers
        dates = []
        for seconds in (HOUR, -2 * HOUR, 100_000 * HOUR, -100_000 * HOUR, 0):
            set_clock(seconds)
            load.wait_for_answers(50)
            dates.append(parsedate_to_datetime(service.get(MEAN).headers["date"]))
        assert service.workers == workers
    assert dates[2] > dates[0] > dates[4] > dates[1] > dates[3]  # it did jump
    assert not load.errors
    record("clock set forward and back", **load.figures())


def test_no_client_is_shut_out(
    url: str, command: tuple[str, ...], set_clock: Callable[[int], None]
) -> None:
    """Neither by what was counted before the clock was set back, nor for longer than said."""
    environment = {"DATABASE_URL": url, "RATE_LIMIT": "3/day", "WEB_CONCURRENCY": "1"}
    with Service(environment, command=command) as service:

        def statuses() -> list[int]:
            return [service.get(f"{MEAN}?age__gt={20 + n}").status for n in range(4)]

        over = [200] * 3 + [429]
        assert statuses() == over
        assert int(service.get(MEAN).headers["retry-after"]) <= DAY
        set_clock(2 * DAY)
        assert statuses() == over
        set_clock(-2 * DAY)
        assert statuses() == over
