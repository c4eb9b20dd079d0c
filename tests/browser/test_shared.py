"""What a link to a page unfurls to where it is shared."""

import pytest

from tests.browser.conftest import Visitor

OVER = "metric=proportion&column=income&value=%3E50K&group_by=education,sex&weight=fnlwgt"
HEAD = """
() => Object.fromEntries([...document.head.querySelectorAll("meta[content], link[rel=canonical]")]
  .map((one) => [one.getAttribute("property") ?? one.name ?? one.rel, one.content ?? one.href]))
"""


@pytest.mark.parametrize("query", [OVER, f"{OVER}&view=compare", "metric=mean&column=age"])
def test_a_shared_link_has_title_text_and_picture(visitor: Visitor, query: str) -> None:
    page = visitor.page(f"/?{query}")
    head = page.evaluate(HEAD)
    canonical = page.locator("link[rel=canonical]").get_attribute("href")
    assert canonical == head["og:url"] == page.url
    assert head["og:title"] == page.locator("#title").inner_text()
    assert head["og:description"] == page.locator(".sentence").inner_text()
    picture = page.request.get(head["og:image"])
    assert head["og:image"].startswith(visitor.service)
    assert picture.headers["content-type"] == "image/png"
    assert picture.body().startswith(b"\x89PNG")


def test_one_state_has_one_canonical_address(visitor: Visitor) -> None:
    plain = "/?metric=mean&column=age&group_by=sex,race"
    for spelt in (plain, "/?metric=mean&column=age&group_by=sex&group_by=race",
                  "/?metric=mean&column=age&group_by[]=sex&group_by[]=race"):  # fmt: skip
        page = visitor.page(spelt)
        canonical = page.locator("link[rel=canonical]").get_attribute("href")
        assert canonical == f"{visitor.service}{plain}"
