"""The first deployment made small and unprotected, then made what it was.

The tests run in their order.
"""

from pathlib import Path

import pytest
from checkout import Site
from conftest import Aws
from options import SMALL, put


@pytest.fixture(scope="module")
def start(first: Path) -> Path:
    return first / "aws"


@pytest.mark.parametrize("settings", [SMALL, {}], ids=["small", "as it was"])
def test_size(deployed: Site, aws: Aws, settings: dict[str, object]) -> None:
    put(deployed, aws, settings)
