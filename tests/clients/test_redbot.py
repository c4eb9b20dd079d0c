"""REDbot, an HTTP checker, finds no fault with addresses of any kind."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ADDRESSES = [
    "/v1",
    "/v1/computation/mean/age?group_by=sex",
    "/v1/computation/mean/age.csv?group_by=sex",
    "/v1/computation/mean/age.svg",
    "/v1/people?page_size=2",
    "/v1/people.csv?age=90",
    "/v1/people.parquet?age=90",
    "/v1/dataset/croissant",
    "/schema",
    "/",
]


# Shared caches shall keep answers for two seconds only: `public` goes with `s-maxage`.
MEANT = {"STORE_PUBLIC_UNNECESSARY"}


def notes(found: Any) -> Iterator[dict[str, str]]:
    """Yields the notes of REDbot for each of its requests."""
    if isinstance(found, dict):
        yield from found.get("_red_messages", ())
    for part in found.values() if isinstance(found, dict) else found:
        if isinstance(part, dict | list):
            yield from notes(part)


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_to_object_to(service: Any, address: str) -> None:
    command = Path(sys.executable).with_name("redbot")
    found = subprocess.run(
        [command, "--output-format", "har", f"{service.url}{address}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    judged = list(notes(json.loads(found.stdout)))
    assert "GOOD" in {note["level"] for note in judged}
    objections = [note for note in judged if note["level"] not in ("GOOD", "INFO")]
    assert [note["summary"] for note in objections if note["note_id"] not in MEANT] == []
