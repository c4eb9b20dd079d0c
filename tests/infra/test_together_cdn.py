"""All optional features applied together with CloudFront: the plan after it is empty."""

from checkout import Site
from conftest import Aws
from options import CDN, TOGETHER, put


def test_all_together(repositories: Site, aws: Aws) -> None:
    put(repositories, aws, TOGETHER | CDN)
