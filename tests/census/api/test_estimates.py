"""What all answers have in common: flags of every estimate, and the convention of every weight."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import resolve

from census.api import urls
from census.api.views.base import AnswerViewSet
from census.statistics.estimators.flags import FLAGS
from census.statistics.metrics import METRICS

pytestmark = pytest.mark.django_db

RICH = "value=%3E50K"


def computations() -> Iterator[str]:
    for name, metric in METRICS.items():
        for column in ("age", "income"):
            if column in {of.name for of in metric.columns}:
                value = f"{RICH}&" if name == "proportion" else ""
                yield f"/v1/computation/{name}/{column}?{value}"
                yield f"/v1/computation/{name}/{column}?{value}group_by=workclass"
                if metric.standardizable:
                    query = f"{value}group_by=sex&standardize=race"
                    yield f"/v1/computation/{name}/{column}?{query}"


# Every route that computes from a selection of rows.
PATHS = [
    *computations(),
    "/v1/statistics?",
    *("/v1/correlation?", "/v1/correlation?coefficient=spearman&columns=age,hours_per_week"),
    *("/v1/crosstab/workclass/income?cells=true", "/v1/crosstab/sex/income?cells=true&layer=race"),
    *("/v1/comparison/age?group_by=workclass", f"/v1/comparison/income?{RICH}&group_by=race,sex"),
    *("/v1/fairness/workclass?", "/v1/fairness/sex,race?"),
    "/v1/regression/linear/hours_per_week?on=age,workclass",
    f"/v1/regression/logistic/income?{RICH}&on=age,workclass",
    f"/v1/decomposition/income?{RICH}&group_by=workclass&on=sex",
    f"/v1/decomposition/oaxaca/income?{RICH}&group_by=workclass&on=age,sex",
]


def ask(client: Client, path: str, *parts: str) -> Any:
    query = "&".join((*(part for part in (path.partition("?")[2], *parts) if part),))
    response = client.get(f"{path.partition('?')[0]}?{query}")
    assert response.status_code == 200, (path, response.content)
    return response.json()


def test_every_route_that_computes_is_asked() -> None:
    asked = {resolve(path.partition("?")[0]).route for path in PATHS}
    computing = {
        str(route.pattern)
        for route in urls.urlpatterns
        if issubclass(getattr(route.callback, "cls", object), AnswerViewSet)
    }
    others = {route for route in computing if "<drf_format_suffix" in route}
    aliases = {"v1/computation/<name:metric>/<name:column>"}
    assert computing - others - aliases == asked


def objects(answer: Any, flagged: Any = None) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield each object of an answer, with its own flags or those of the level that it is of."""
    if isinstance(answer, list):
        for item in answer:
            yield from objects(item, flagged)
    if isinstance(answer, dict):
        flagged = answer.get("flags", flagged)
        yield answer, flagged
        for value in answer.values():
            yield from objects(value, flagged)


@pytest.mark.parametrize("weight", ["", "weight=fnlwgt"])
@pytest.mark.parametrize("path", PATHS)
def test_every_estimate_has_flags(client: Client, path: str, weight: str) -> None:
    """One with a standard error or an interval has its own or those of its level."""
    for rows in ("", "age__lt=17", "workclass=Never-worked"):
        answer = ask(client, path, weight, rows)
        for found, flagged in objects(answer):
            estimates = [n for n in found if n.endswith(("standard_error", "ci_lower"))]
            if any(not isinstance(found[name], list) for name in estimates):
                assert isinstance(flagged, list), (path, found)
                assert set(flagged) <= set(FLAGS)
            for name in found:
                if name.endswith("standard_errors"):
                    flags = found[name.replace("standard_errors", "flags")]
                    assert len(flags) == len(found[name])
                    for errors, of_row in zip(found[name], flags, strict=True):
                        assert len(errors) == len(of_row)
                        assert all(set(of_cell) <= set(FLAGS) for of_cell in of_row)
        if rows == "workclass=Never-worked" and answer["count"] and "flags" in answer:
            assert "n<30" in answer["flags"]


@pytest.mark.parametrize("path", PATHS)
def test_every_weighted_method_says_what_a_group_is_a_sample_of(client: Client, path: str) -> None:
    method = ask(client, path, "weight=fnlwgt")["method"]
    assert ("sample of their own" in method) != ("domain of all N rows" in method)
    assert ("n/(n−1)" in method) or ("N/(N−1)" in method)
    assert "sample of their own" not in ask(client, path)["method"]


SHARES = [
    "/v1/computation/proportion/income?value=%3E50K",
    "/v1/comparison/income?value=%3E50K&group_by=sex",
    "/v1/crosstab/workclass/income?cells=true",
    "/v1/fairness/workclass",
]


@pytest.mark.parametrize("path", SHARES)
def test_every_weighted_method_of_shares_names_their_intervals(client: Client, path: str) -> None:
    """That of nobody is another one: of 0 of the 10 people who never worked."""
    weighted, plain = (ask(client, path, weight)["method"] for weight in ("weight=fnlwgt", ""))
    assert "logit" in weighted
    assert "Korn and Graubard" in weighted
    assert "Wilson" in plain
    assert "logit" not in plain


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/comparison/age?group_by=sex", "distance of the rows, unweighted"),
        ("/v1/crosstab/sex/income?cells=true", "expected counts and G² of the counts"),
        ("/v1/crosstab/sex/income", "chi-squared test of the counts"),
    ],
)
def test_a_weighted_method_says_what_is_unweighted(client: Client, path: str, words: str) -> None:
    assert words in ask(client, path, "weight=fnlwgt")["method"]


def test_no_answer_depends_on_the_order_of_the_rows(client: Client) -> None:
    """Which is another one after each load, and on each server."""
    paths = [(path, weight) for path in PATHS for weight in ("", "weight=fnlwgt")]
    before = [ask(client, path, weight, "race=Other") for path, weight in paths]
    whole = ask(client, "/v1/correlation", "weight=fnlwgt")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE shuffled AS SELECT * FROM census_person ORDER BY md5(id::text)"
        )
        cursor.execute("DELETE FROM census_person")
        cursor.execute("INSERT INTO census_person SELECT * FROM shuffled")
    cache.clear()
    for (path, weight), answer in zip(paths, before, strict=True):
        assert ask(client, path, weight, "race=Other") == answer
    assert ask(client, "/v1/correlation", "weight=fnlwgt") == whole


@pytest.mark.parametrize("weight", ["", "weight=fnlwgt"])
def test_flags_of_cells_are_those_of_the_shares(client: Client, weight: str) -> None:
    table = ask(client, "/v1/crosstab/workclass/occupation?cells=true", weight)
    for i, row in enumerate(table["row_values"]):
        for side, of in (("row", f"workclass={row}"), ("column", f"value={row}")):
            for j, column in enumerate(table["column_values"][::5]):
                if side == "row":
                    path, query = "occupation", (of, f"value={column}")
                else:
                    path, query = "workclass", (of, f"occupation={column}")
                share = ask(client, f"/v1/computation/proportion/{path}", *query, weight)
                assert table[f"{side}_flags"][i][5 * j] == share["flags"]
    assert any(map(any, table["row_flags"]))


@pytest.mark.parametrize("weight", ["", "weight=fnlwgt"])
def test_flags_of_a_coefficient_are_of_the_rows_of_its_category(
    client: Client, weight: str
) -> None:
    for path in ("linear/hours_per_week?", f"logistic/income?{RICH}&"):
        answer = ask(client, f"/v1/regression/{path}on=workclass,sex,sex:workclass", weight)
        flags = {one["term"]: one["flags"] for one in answer["coefficients"]}
        small = {"n<30", "effective n<30"} if weight else {"n<30"}
        assert set(flags["workclass=Never-worked"]) == small
        assert set(flags["sex=Female:workclass=Without-pay"]) == small
        assert flags["(intercept)"] == flags["workclass=Local-gov"] == answer["flags"] == []


@pytest.mark.parametrize("weight", ["", "weight=fnlwgt"])
def test_small_groups_of_fairness_are_dropped_on_request(client: Client, weight: str) -> None:
    path = "/v1/fairness/native_country"
    every = ask(client, path, weight)
    some = ask(client, path, weight, "min_count=30")
    kept = [group for group in every["groups"] if group["count"] >= 30]
    assert some["groups"] == kept
    assert some["dropped_groups"] == len(every["groups"]) - len(kept) == 9
    assert "dropped_groups" not in every
    assert (some["rows"], some["base_rate"]) == (every["rows"], every["base_rate"])
    rates = [group["base_rate"] for group in kept]
    assert some["demographic_parity_ratio"] == pytest.approx(min(rates) / max(rates), rel=1e-15)
    gone = ask(client, path, weight, "min_count=30", "reference=Honduras")
    assert gone["reference"] == {"native_country": "Honduras"}
    assert {group["disparate_impact"] for group in gone["groups"]} == {None}
