"""The pictures: each is a valid definition that vl-convert draws, and says what the answer says."""

import re
import struct
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import pytest
import vl_convert
from django.test import Client

from census.api import charts
from census.api.charts import drawing
from census.columns import COLUMNS
from census.statistics.metrics import METRICS

pytestmark = pytest.mark.django_db

COMPUTATION = "/v1/computation"
OVER = "value=%3E50K"

# Every kind of picture.
PICTURES = {
    "histogram": f"{COMPUTATION}/distribution/age",
    "histogram weighted": f"{COMPUTATION}/distribution/age?weight=fnlwgt&bins=30",
    "histogram by groups": f"{COMPUTATION}/distribution/age?group_by=sex,income",
    "histogram of each value": f"{COMPUTATION}/distribution/hours_per_week?bins=values&range=0,60",
    "categories": f"{COMPUTATION}/distribution/occupation",
    "categories side by side": f"{COMPUTATION}/distribution/education?group_by=sex&weight=fnlwgt",
    "categories as a heat map": f"{COMPUTATION}/distribution/education?group_by=occupation",
    "one interval": f"{COMPUTATION}/mean/age",
    "intervals": f"{COMPUTATION}/mean/hours_per_week?group_by=education&weight=fnlwgt",
    "intervals by two": f"{COMPUTATION}/proportion/income?{OVER}&group_by=sex,race",
    "intervals by three": f"{COMPUTATION}/proportion/income?{OVER}&group_by=sex,race,split",
    "quantiles": f"{COMPUTATION}/quantiles/age?group_by=workclass&q=0.1,0.5,0.9",
    "quantiles of all": f"{COMPUTATION}/quantiles/age?q=0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1",
    "bars below zero": f"{COMPUTATION}/skewness/age?group_by=workclass",
    "billions": f"{COMPUTATION}/sum/fnlwgt?group_by=sex,income,race",
    "lorenz": f"{COMPUTATION}/lorenz/capital_gain?group_by=sex&q=0.5,0.9,0.95,1",
    "long labels": "/v1/regression/logistic/income?value=%3E50K&on=workclass,race,sex,race:sex",
    "differences": "/v1/comparison/income?value=%3E50K&group_by=sex,education&weight=fnlwgt",
    "modes": f"{COMPUTATION}/mode/occupation?group_by=education",
    "nothing": f"{COMPUTATION}/mean/age?age__gt=100",
    "no group": f"{COMPUTATION}/distribution/sex?group_by=race&age__gt=100",
    "correlation": "/v1/correlation?weight=fnlwgt",
    "crosstab": "/v1/crosstab/occupation/marital_status",
    "crosstab of nothing": "/v1/crosstab/sex/income?age__gt=100",
    "fairness": "/v1/fairness/sex",
    "fairness by two": "/v1/fairness/race,sex?complete=true&reference=White,Male",
    "fairness of nothing": "/v1/fairness/sex?age__gt=100",
}
every_picture = pytest.mark.parametrize("url", PICTURES.values(), ids=PICTURES)


def fetch(client: Client, url: str, suffix: str) -> Any:
    path, _, query = url.partition("?")
    response = client.get(f"{path}.{suffix}?{query}")
    assert response.status_code == 200, response.content
    return response


def spec_of(client: Client, url: str) -> dict[str, Any]:
    spec: dict[str, Any] = fetch(client, url, "vega").json()
    return spec


def title_of(spec: dict[str, Any]) -> str:
    return " ".join(spec["title"]["text"])


def caption_of(spec: dict[str, Any]) -> str:
    return " ".join(spec["title"]["subtitle"])


@every_picture
def test_altair_reads_the_definition(client: Client, url: str) -> None:
    """Altair checks it against the JSON Schema of Vega-Lite."""
    alt.Chart.from_dict(spec_of(client, url))


@every_picture
def test_an_svg_stands_by_itself(client: Client, url: str) -> None:
    response = fetch(client, url, "svg")
    assert response["Content-Type"] == "image/svg+xml"
    root = ET.fromstring(response.content)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "path", "line", "rect", "text", "title"} | {
        "defs",
        "clipPath",
        "linearGradient",
        "stop",
        "tspan",
    }
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on")]
    links = [v for e in root.iter() for n, v in e.attrib.items() if n.endswith("href")]
    assert all(link.startswith("#") for link in links)
    background = root.find("{*}rect")
    assert background is not None
    assert background.get("fill") == "white"


def test_drawings_in_one_page_share_no_id(client: Client) -> None:
    """What is drawn first in a process has the ids of what is drawn first in another."""
    drawn: set[str] = set()
    for name in ("categories", "intervals", "fairness", "correlation", "crosstab"):
        spec = spec_of(client, PICTURES[name])
        text = drawing.svg(spec)
        assert drawing.svg(spec) == text
        root = ET.fromstring(text)
        ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        assert len(ids) == len(set(ids))
        assert set(ids) == set(re.findall(r"url\(#(.*?)\)", text))
        assert drawn.isdisjoint(ids)
        drawn.update(ids)


@every_picture
def test_a_png_is_twice_the_svg(client: Client, url: str) -> None:
    root = ET.fromstring(fetch(client, url, "svg").content)
    response = fetch(client, url, "png")
    assert response["Content-Type"] == "image/png"
    assert response.content.startswith(b"\x89PNG\r\n\x1a\n")
    size = [2 * float(root.attrib[side]) for side in ("width", "height")]
    assert struct.unpack(">II", response.content[16:24]) == pytest.approx(size, abs=1)


@every_picture
def test_no_picture_is_wider_than_a_page(client: Client, url: str) -> None:
    root = ET.fromstring(fetch(client, url, "svg").content)
    assert float(root.attrib["width"]) <= 640


def every_question() -> Iterator[str]:
    """A question of each metric, of a numeric and of a categorical column where it is of both."""
    for metric in METRICS.values():
        for name in ("capital_gain", "education"):
            column = COLUMNS[name]
            if column in metric.columns:
                required = [p for p in metric.parameters(column) if p.required]
                query = "".join(f"{p.name}={p.type.schema()['enum'][0]}&" for p in required)
                yield f"{COMPUTATION}/{metric.name}/{name}?{query}group_by=sex,workclass"


@pytest.mark.parametrize("rows", ["", "&age__gt=100"], ids=["all", "none"])
@pytest.mark.parametrize("url", list(every_question()))
def test_every_computation_can_be_drawn(client: Client, url: str, rows: str) -> None:
    spec = spec_of(client, url + rows)
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=drawing.VERSION)
    assert "NaN" not in drawn
    assert "undefined" not in drawn


@pytest.mark.parametrize(
    ("url", "title", "caption"),
    [
        (
            f"{COMPUTATION}/distribution/age",
            "Distribution of age",
            "All 48,842 people. Adult (Census Income), version {dataset}.",
        ),
        (
            (
                f"{COMPUTATION}/mean/hours_per_week?group_by=education,sex&sex__ne=Male&age__gte=30"
                "&weight=fnlwgt&confidence=0.9"
            ),
            "Mean of hours per week by education and sex",
            (
                "10,190 people with age at least 30; sex other than Male. "
                "Weighted by survey weight; "
                "lines: 90% confidence intervals; dashed: all groups together; "
                "hollow: fewer than 30 people; "
                "Adult (Census Income), version {dataset}."
            ),
        ),
        (
            (
                f"{COMPUTATION}/proportion/income?{OVER}&workclass__isnull=true&age__range=20,30"
                "&race__in=Black,White&education__lt=9th"
            ),
            "Share with income over 50,000 dollars a year",
            None,
        ),
        (
            f"{COMPUTATION}/count/native_country?complete=true",
            "Count of native country",
            "45,222 people with no missing value. Adult (Census Income), version {dataset}.",
        ),
        (
            f"{COMPUTATION}/count/native_country?occupation__isnull=false",
            "Count of native country",
            (
                "46,033 people with occupation known; 811 of them without a value are left out. "
                "Adult (Census Income), version {dataset}."
            ),
        ),
        (
            f"{COMPUTATION}/distribution/hours_per_week?range=0,60",
            "Distribution of hours per week",
            (
                "All 48,842 people. 1,676 people above the range; "
                "Adult (Census Income), version {dataset}."
            ),
        ),
        (
            f"{COMPUTATION}/mean/age?group_by=native_country,occupation",
            "Mean of age by native country and occupation",
            (
                "All 48,842 people. The first 60 of {groups} groups; "
                "lines: 95% confidence intervals; dashed: all groups together; "
                "hollow: fewer than 30 people; "
                "Adult (Census Income), version {dataset}."
            ),
        ),
    ],
)
def test_title_and_caption(client: Client, url: str, title: str, caption: str | None) -> None:
    spec, answer = spec_of(client, url), client.get(url).json()
    assert title_of(spec) == title
    if caption is not None:
        groups = len(answer.get("groups", []))
        assert caption_of(spec) == caption.format(dataset=answer["dataset"], groups=groups)


def test_the_numbers_are_those_of_the_answer(client: Client) -> None:
    url = PICTURES["intervals"]
    groups = client.get(url).json()["groups"]
    records = spec_of(client, url)["data"]["values"]
    for name in ("value", "ci_lower", "ci_upper", "count"):
        assert [record[name] for record in records] == [group[name] for group in groups]
    labels = COLUMNS["education"].choices
    assert [record["education"] for record in records] == [
        labels[group["key"]["education"]] for group in groups
    ]


def test_a_missing_key_is_labelled(client: Client) -> None:
    records = spec_of(client, f"{COMPUTATION}/mean/age?group_by=workclass")["data"]["values"]
    assert "Missing" in [record["workclass"] for record in records]
    # The largest value is first where the groups have no order of their own.
    values = [record["value"] for record in records]
    assert values == sorted(values, reverse=True)


@every_picture
def test_tooltips_are_in_words(client: Client, url: str) -> None:
    """No mark shows its data, and no mark the names that the definition uses."""
    spec = spec_of(client, url)
    assert "tooltip" not in spec["config"].get("mark", {})
    for record in spec["data"]["values"]:
        assert "_" not in record.get("told", "")


def test_an_estimate_is_told_in_words(client: Client) -> None:
    url = f"{COMPUTATION}/proportion/income?{OVER}&group_by=education,sex&weight=fnlwgt"
    told = [record["told"] for record in spec_of(client, url)["data"]["values"]]
    assert "Bachelor's degree, Female: 20.9% (19.1–22.8), 2,477 people" in told


def test_few_people_are_drawn_hollow_and_intervals_end_where_values_do(client: Client) -> None:
    spec = spec_of(client, f"{COMPUTATION}/mean/hours_per_week?group_by=workclass,race")
    records = spec["data"]["values"]
    assert "hollow: fewer than 30 people" in caption_of(spec)
    assert {record["small"] for record in records if record["count"] < 30} == {True}
    assert min(r["ci_lower"] for r in records if r["ci_lower"] is not None) >= 0


def test_intervals_end_where_the_values_of_a_column_do(client: Client) -> None:
    url = f"{COMPUTATION}/mean/education_num?group_by=native_country,workclass&limit=60"
    groups = client.get(url).json()["groups"]
    assert max(group["ci_upper"] or 0 for group in groups) > 16
    spec = spec_of(client, url)
    for record in spec["data"]["values"]:
        assert record["ci_lower"] is None or 1 <= record["ci_lower"] <= record["ci_upper"] <= 16
    (points,) = (one for one in spec["layer"] if one["mark"]["type"] == "point")
    low, high = points["encoding"]["x"]["scale"]["domain"]
    assert 1 <= low < high <= 16


def test_intervals_of_a_ratio_are_not_cut_at_the_values_of_its_column(client: Client) -> None:
    url = f"{COMPUTATION}/gini/education_num?group_by=sex"
    drawn = {(r["ci_lower"], r["ci_upper"]) for r in spec_of(client, url)["data"]["values"]}
    groups = client.get(url).json()["groups"]
    assert drawn == {(group["ci_lower"], group["ci_upper"]) for group in groups}


def test_sums_of_groups_begin_at_zero_without_the_sum_of_all(client: Client) -> None:
    for url in (f"{COMPUTATION}/count/age", f"{COMPUTATION}/sum/hours_per_week"):
        spec = spec_of(client, f"{url}?group_by=sex&weight=fnlwgt")
        assert "dashed" not in caption_of(spec)
        assert not [layer for layer in spec["layer"] if "data" in layer]
        (points,) = (one for one in spec["layer"] if one["mark"]["type"] == "point")
        scale = points["encoding"]["x"]["scale"]
        assert scale["zero"]
        assert "domain" not in scale


@pytest.mark.parametrize(
    "url",
    [
        "/v1/comparison/hours_per_week?group_by=race",
        "/v1/regression/linear/hours_per_week?on=age,race",
    ],
)
def test_what_is_not_significant_is_hollow(client: Client, url: str) -> None:
    spec = spec_of(client, url)
    answer = client.get(url).json()
    of = answer.get("coefficients", answer.get("groups"))
    p = [one.get("p_adjusted", one["p_value"]) for one in of if one.get("term") != "(intercept)"]
    hollow = [record["hollow"] for record in spec["data"]["values"]]
    assert hollow == [value >= 0.05 for value in p if value is not None]
    assert {*hollow} == {True, False}
    assert "not significant" in caption_of(spec)


def test_differences_are_told_with_their_intervals(client: Client) -> None:
    records = spec_of(client, PICTURES["differences"])["data"]["values"]
    told = "Female, Bachelor's degree: \u221229.7 (\u221232.1 to \u221227.3) points"
    assert told in [record["told"] for record in records]
    # One group is compared with another: its name is not repeated in each row.
    assert {record["education"] for record in records} >= {"Preschool", "Doctorate"}


def test_an_ordered_column_is_drawn_in_its_order(client: Client) -> None:
    spec = spec_of(client, f"{COMPUTATION}/distribution/education?group_by=sex")
    values = [record["value"] for record in spec["data"]["values"] if record["sex"] == "Male"]
    assert values == list(COLUMNS["education"].choices.values())


@pytest.mark.parametrize("name", ["intervals by two", "histogram", "crosstab", "quantiles"])
def test_a_phone_has_a_narrow_variant(client: Client, name: str) -> None:
    narrow = charts.narrowed(spec_of(client, PICTURES[name]))
    root = ET.fromstring(drawing.svg(narrow))
    assert float(root.attrib["width"]) <= 380


def test_groups_are_drawn_in_the_order_asked_for(client: Client) -> None:
    url = f"{COMPUTATION}/mean/age?group_by=marital_status&order_by=-value&limit=3"
    spec = spec_of(client, url)
    order = spec["layer"][0]["encoding"]["y"]["sort"]
    assert order[0] == "Widowed"
    assert len(order) == 3


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("image/svg+xml", "image/svg+xml"),
        ("image/png", "image/png"),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image/svg+xml"),
        ("application/vnd.vegalite.v6+json", "application/vnd.vegalite.v6+json"),
        ("*/*", "application/json"),
    ],
)
def test_the_accept_header_chooses_a_picture(client: Client, accept: str, media_type: str) -> None:
    response = client.get(PICTURES["histogram"], headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, media_type)


def test_without_the_extra_a_picture_is_not_acceptable_and_the_definition_is(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "find_spec", lambda _name: None)
    url = PICTURES["histogram"]
    for response in (
        client.get(f"{url}.svg"),
        client.get(f"{url}.png"),
        client.get(url, headers={"Accept": "image/png"}),
    ):
        assert response.status_code == 406
        assert response["Content-Type"] == "application/problem+json"
        assert "adultapi[charts]" in response.json()["detail"]
    assert client.get(f"{url}.vega").status_code == 200


def test_an_error_instead_of_a_picture_is_a_problem_document(client: Client) -> None:
    response = client.get(f"{COMPUTATION}/mean/age.svg?sexx=Male")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_what_cannot_be_drawn_says_what_there_is(client: Client) -> None:
    response = client.get("/v1/fields.svg")
    assert response.status_code == 404
    assert "csv" in response.json()["detail"]
