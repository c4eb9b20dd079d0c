"""Each optional feature applied alone, then none of them.

The tests run in their order, on the first deployment, which changes from one to the next.
"""

from pathlib import Path

import pytest
from checkout import Site
from conftest import Aws
from options import ALONE, put


@pytest.fixture(scope="module")
def start(first: Path) -> Path:
    return first / "aws"


@pytest.mark.parametrize("option", ALONE)
def test_alone(deployed: Site, aws: Aws, option: str) -> None:
    put(deployed, aws, ALONE[option])
