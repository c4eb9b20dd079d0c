"""The page at /, as the server renders it. tests/browser tries it with a browser."""

from pathlib import Path

import pytest
import vl_convert
from django.http import QueryDict
from django.test import Client

from census.api.charts import drawing
from census.pages.address import EXAMPLES, address, tidied
from census.statistics.metrics import METRICS

VENDOR = Path("census/pages/static/vendor")


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ("metric=mean&column=age&group_by=&group_by=&sex=", "metric=mean&column=age"),
        (
            "metric=mean&column=age&group_by=sex&group_by=race&group_by=sex",
            "metric=mean&column=age&group_by=sex,race",
        ),
        ("metric=mean&column=age&where=age__gte&is=30", "metric=mean&column=age&age__gte=30"),
        # A filter without a value yet is kept, so that the page can ask for the value.
        ("metric=mean&column=age&where=sex&is=", "metric=mean&column=age&where=sex"),
        (
            "metric=mean&column=age&race__in=Black&race__in=White",
            "metric=mean&column=age&race__in=Black,White",
        ),
        # What the metric chosen before took, and this one does not.
        ("metric=mean&column=age&bins=20&q=0.5", "metric=mean&column=age"),
        ("metric=quantiles&column=age&order_by=-value", "metric=quantiles&column=age"),
        ("metric=mean&column=sex", "metric=mean&column=age"),
        ("metric=proportion&column=income", "metric=proportion&column=income&value=%3E50K"),
        (
            "metric=proportion&column=sex&value=%3E50K",
            "metric=proportion&column=sex&value=Male",
        ),
        # What nobody knows is left to be told about.
        ("metric=mean&column=age&sexx=Male", "metric=mean&column=age&sexx=Male"),
        ("", "metric=count&column=age"),
    ],
)
def test_what_the_form_sends_is_put_in_order(sent: str, state: str) -> None:
    assert address(tidied(QueryDict(f"explore=1&{sent}"))) == f"/?{state}"


@pytest.mark.django_db
def test_the_form_leads_to_the_address_of_its_state(client: Client) -> None:
    response = client.get("/?explore=1&metric=mean&column=age&group_by=sex")
    assert (response.status_code, response["Location"]) == (
        302,
        "/?metric=mean&column=age&group_by=sex",
    )


@pytest.mark.django_db
@pytest.mark.parametrize("query", [query for _, query in EXAMPLES])
def test_the_examples(client: Client, query: str) -> None:
    response = client.get(f"/?{query}")
    assert response.status_code == 200
    assert "<table>" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_chosen(client: Client, metric: str) -> None:
    location = client.get(f"/?explore=1&metric={metric}")["Location"]
    page = client.get(location)
    assert page.status_code == 200
    assert f'<option value="{metric}" selected>' in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status", "shown"),
    [
        ("metric=mean&column=age&sex=Femal", 400, "metric=mean&amp;column=age&amp;sex=Female"),
        ("metric=mean&column=age&sxe=Male", 400, "metric=mean&amp;column=age&amp;sex=Male"),
        ("metric=mean&column=sex", 400, "metric=mean&amp;column=hours_per_week"),
        ("metric=maen&column=age", 404, "metric=mean&amp;column=age"),
        ("metric=mean&column=agee", 404, "metric=mean&amp;column=age"),
        ("column=age", 404, "column=age&amp;metric=count"),
        ("metric=skewness&column=age&weight=fnlwgt", 400, "metric=skewness&amp;column=age&quot;"),
    ],
)
def test_an_error_is_shown_with_ways_out(
    client: Client, query: str, status: int, shown: str
) -> None:
    response = client.get(f"/?{query}")
    page = response.content.decode()
    assert response.status_code == status
    assert f'href="/?{shown.removesuffix("&quot;")}' in page


@pytest.mark.django_db
def test_what_is_asked_for_is_shown_as_text(client: Client) -> None:
    page = client.get("/?metric=mean&column=age&sex=<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; (unknown)" in page


@pytest.mark.django_db
def test_the_policy_allows_neither_eval_nor_what_is_inline(client: Client) -> None:
    policy = client.get("/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "style-src 'self'" in policy


@pytest.mark.django_db
def test_without_the_extra_the_page_offers_no_drawing_of_the_server(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "find_spec", lambda _name: None)
    page = client.get("/").content.decode()
    assert ".svg?" not in page
    assert ".vega?" in page


def test_page_and_server_draw_with_the_same_versions() -> None:
    versions = dict(line.split() for line in (VENDOR / "VERSIONS.txt").read_text().splitlines())
    assert versions["vega"] == vl_convert.get_vega_version()
    assert versions["vega-lite"].startswith(f"{drawing.VERSION}.")
    assert versions["vega-embed"] == vl_convert.get_vega_embed_version()
    assert drawing.VERSION in vl_convert.get_vegalite_versions()
    for name in versions:
        assert (VENDOR / f"{name}.LICENSE.txt").read_text()


def test_of_many_errors_a_page_shows_some(client: Client) -> None:
    wrong = "&".join(f"native_countr{'y' * 20}{n}=1" for n in range(190))
    page = client.get(f"/?metric=mean&column=age&{wrong}")
    assert page.status_code == 400
    assert "and 170 more" in page.content.decode()
    assert len(page.content) < 500_000
