"""All optional features applied together with CloudFront: the plan after it is empty."""

from pathlib import Path

import pytest
from checkout import Site
from conftest import Aws
from options import CDN, TOGETHER, put


@pytest.fixture(scope="module")
def start(begun: Path) -> Path:
    return begun / "aws"


def test_all_together(repositories: Site, aws: Aws) -> None:
    put(repositories, aws, TOGETHER | CDN)
