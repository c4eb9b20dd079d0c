"""Large files are made in constant memory."""

import threading
from typing import Any
from urllib.request import urlopen

MEGABYTE = 1 << 20


def drain(url: str) -> int:
    size = 0
    with urlopen(url) as answer:
        while block := answer.read(MEGABYTE):
            size += len(block)
    return size


def test_ten_copies_in_flat_memory(serve: Any, copies: str) -> None:
    sizes = {}
    with serve(copies) as service:
        for kind in ("csv", "parquet"):  # which loads arro3, once for the life of a process
            drain(f"{service.url}/v1/people.{kind}?age=90")
        service.peak()
        idle = service.peak()
        threads = [
            threading.Thread(
                target=lambda kind=kind: sizes.update(
                    {kind: drain(f"{service.url}/v1/people.{kind}")}
                )
            )
            for kind in ("csv", "parquet")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        grown = (service.peak() - idle) / MEGABYTE

    assert sizes["csv"] > 10 * 5_800_000
    assert sizes["parquet"] > 10 * 400_000
    assert grown < 20, f"the worker grew by {grown:.1f} MB"
