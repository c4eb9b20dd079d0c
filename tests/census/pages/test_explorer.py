"""The page at /, as the server renders it. tests/browser tries it with a browser."""

from pathlib import Path

import pytest
import vl_convert
from django.test import Client

from census.api.charts import drawing
from census.pages.explorer.states import EXAMPLES
from census.statistics.metrics import METRICS

VENDOR = Path("census/pages/static/vendor")


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
    assert '<table class="for-people">' in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_chosen(client: Client, metric: str) -> None:
    for column in ("age", "income"):
        location = client.get(f"/?explore=1&metric={metric}&column={column}")["Location"]
        page = client.get(location)
        assert page.status_code == 200
        assert f'<option value="{metric}" selected>' in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "says", "way"),
    [
        ("metric=mean&column=sex", "“Average” is of numbers", "metric=mean&amp;column=age"),
        ("metric=proportion&column=age", "“Share of” is of categories", "column=income"),
        ("metric=proportion&column=race", "Share of which race?", "value=Black"),
        ("column=age", "What do you want to know?", "metric=mean"),
        ("metric=mean", "Of which column?", "column=hours_per_week"),
        ("metric=crosstab&column=income", "By which column?", "row=sex"),
        ("metric=regression&column=age", "Explained by what?", ""),
        ("metric=mean&column=age&view=compare", "Compare the groups of which", "group_by=sex"),
    ],
)
def test_what_does_not_go_together_yet_is_asked_for(
    client: Client, query: str, says: str, way: str
) -> None:
    response = client.get(f"/?{query}")
    page = response.content.decode()
    assert response.status_code == 200
    assert says in page
    assert way in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status", "shown"),
    [
        ("metric=mean&column=age&sex=Femal", 400, "metric=mean&amp;column=age&amp;sex=Female"),
        ("metric=mean&column=age&sxe=Male", 400, "metric=mean&amp;column=age&amp;sex=Male"),
        ("metric=maen&column=age", 404, "metric=mean&amp;column=age"),
        ("metric=mean&column=agee", 404, "metric=mean&amp;column=age"),
        (
            "metric=mean&column=age&age__range=17-24",
            400,
            "metric=mean&amp;column=age&amp;age__range=17,24",
        ),
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


@pytest.mark.django_db
def test_of_many_errors_a_page_shows_some(client: Client) -> None:
    wrong = "&".join(f"native_countr{'y' * 20}{n}=1" for n in range(190))
    page = client.get(f"/?metric=mean&column=age&{wrong}")
    assert page.status_code == 400
    assert "and 170 more" in page.content.decode()
    assert len(page.content) < 500_000


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "says", "not_"),
    [
        (
            "metric=gini&column=hours_per_week&group_by=sex",
            "Gini coefficient",
            "coefficient, hours",
        ),
        ("metric=count&column=age&weight=fnlwgt", "Count, sum of weights", ""),
        ("metric=lorenz&column=age&q=0.5,1", "with the least have", "Lorenz curve, years"),
        ("metric=mode&column=race&group_by=sex", "people</small>", "`"),
        ("metric=distribution&column=age", "30–34 years, 13.3%.", 'placeholder="15,95"'),
        ("metric=distribution&column=race", "White, 85.5%.", ">Bins<"),
        ("metric=regression&column=age&on=sex", "“Sex: Female”: −2.", "R² –"),
        ("metric=variance&column=age", "Variance, squared years", ""),
    ],
)
def test_units_and_words_are_those_of_the_statistic(
    client: Client, query: str, says: str, not_: str
) -> None:
    page = client.get(f"/?{query}").content.decode()
    assert says in page
    assert not not_ or not_ not in page


@pytest.mark.django_db
def test_how_many_people_there_are_is_asked(client: Client) -> None:
    rows = client.get("/v1/dataset").json()["rows"]
    assert f"Ask {rows:,} people" in client.get("/").content.decode()
    assert f"of {rows:,}</h1>" in client.get("/people?sex=Male").content.decode()


@pytest.mark.django_db
def test_a_page_holds_its_picture_but_for_the_script_that_draws_it(client: Client) -> None:
    page = client.get("/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert 'src="data:image/svg+xml,&lt;svg' in page.content.decode()
    fetched = client.get("/", headers={"accept": "text/html"})
    assert "data:image/svg+xml" not in fetched.content.decode()
    assert "/v1/computation/proportion/income.svg?" in fetched.content.decode()
    assert "Accept" in page["Vary"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "tested"),
    [
        ("/v1/comparison/hours_per_week?group_by=sex", True),
        ("/v1/comparison/hours_per_week?group_by=race", True),
        ("/v1/decomposition/oaxaca/hours_per_week?group_by=sex&on=age", False),
        ("/v1/decomposition/oaxaca/hours_per_week?group_by=race&on=age", False),
    ],
)
def test_a_sentence_tells_of_significance_where_there_are_tests(
    client: Client, path: str, tested: bool
) -> None:
    page = client.get(path, headers={"accept": "text/html"}).content.decode()
    sentence = page.partition('class="sentence"')[2].partition("</p>")[0]
    assert "difference: " in sentence
    assert ("significant" in sentence or "p &lt; " in sentence) is tested
