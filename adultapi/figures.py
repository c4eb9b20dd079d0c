"""The folder in which workers keep the figures of `/metrics`, so that all of them count.

prometheus_client looks for it when it is imported, and not again: it has to be there before.
"""

import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "adultapi-metrics-"


def prepare() -> None:
    """Make the folder and clear it of the figures of processes that are gone."""
    given = os.environ.get(VARIABLE, "").strip() or tempfile.mkdtemp(prefix=_PREFIX)
    os.environ[VARIABLE] = given
    folder = Path(given)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()


def forget(worker: int) -> None:
    """Take a worker that has ended out of the gauges; what it counted stays counted."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker)  # type: ignore[no-untyped-call]


def remove() -> None:
    """Remove the folder, unless it was given by the environment."""
    folder = Path(os.environ.get(VARIABLE, ""))
    if folder.name.startswith(_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)
