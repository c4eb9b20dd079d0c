"""R sends a table of questions to the running service and compares the answers with its own."""

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "census" / "data"


def test_r_finds_the_same_numbers(live_server: object, dataset: None) -> None:
    url = os.environ.get("SERVICE_URL") or str(live_server)
    found = subprocess.run(
        ["Rscript", "--vanilla", HERE / "run.R", url, DATA],
        capture_output=True,
        text=True,
        check=False,
    )
    print(found.stdout, found.stderr)
    if found.returncode:
        pytest.fail("R differs", pytrace=False)
