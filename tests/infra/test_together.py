"""All optional features and CloudFront, from nothing: the plan after the apply is empty."""

from checkout import Site
from conftest import Aws
from options import CDN, TOGETHER, put


def test_all_together(site: Site, aws: Aws) -> None:
    site.commit("First")  # its deploy gets as far as the images: the state is there
    assert site.script("deploy", STOP_BEFORE=" plan ").returncode == 130
    put(site, aws, TOGETHER | CDN)
