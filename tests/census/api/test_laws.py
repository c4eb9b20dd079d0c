"""Properties of all selections, which hypothesis generates."""

from itertools import islice
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from census.models import Person
from tests.census import oracle

pytestmark = pytest.mark.django_db

CHOICES = {
    field.name: [value for value, _ in field.flatchoices]
    for field in Person._meta.fields
    if field.name in oracle.CATEGORICAL
}
NUMBERS = {"age": (17, 90), "education_num": (1, 16), "hours_per_week": (1, 99)}
bounded = settings(
    max_examples=12,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

Filters = dict[str, str]


@st.composite
def filters(draw: st.DrawFn, without: tuple[str, ...] = ()) -> Filters:
    """Some filters of different columns."""
    found: Filters = {}
    columns = [c for c in (*CHOICES, *NUMBERS) if c not in without]
    for column in draw(st.lists(st.sampled_from(columns), max_size=3, unique=True)):
        if column in NUMBERS:
            low, high = sorted(draw(st.tuples(*[st.integers(*NUMBERS[column])] * 2)))
            found[f"{column}__range"] = f"{low},{high}"
        else:
            lookup = draw(st.sampled_from(["", "__ne", "__in", "__not_in"]))
            values = draw(
                st.lists(st.sampled_from(CHOICES[column]), min_size=1, max_size=3, unique=True)
            )
            text = ",".join(values) if lookup in ("__in", "__not_in") else values[0]
            found[f"{column}{lookup}"] = text
    if draw(st.booleans()) and "complete" not in without:
        found["complete"] = "true"
    return found


weights: st.SearchStrategy[Filters] = st.sampled_from([{}, {"weight": "fnlwgt"}])
columns = st.sampled_from(oracle.NUMERIC)
group_columns = st.lists(st.sampled_from(oracle.CATEGORICAL), min_size=1, max_size=2, unique=True)


def ask(client: Client, path: str, *parts: Filters, **more: str) -> dict[str, Any]:
    query = {name: text for part in (*parts, more) for name, text in part.items()}
    response = client.get(f"{path}?{urlencode(query)}")
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def near(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=1e-10, abs=1e-12)


@bounded
@given(filters(), columns, group_columns, weights)
def test_groups_sum_to_the_whole(
    client: Client, chosen: Filters, column: str, keys: list[str], weight: Filters
) -> None:
    for metric in ("sum", "count", "missing"):
        path = f"/v1/computation/{metric}/{column}"
        answer = ask(client, path, chosen, weight, group_by=",".join(keys))
        names = ["rows", "count", "missing", "value", *(["weighted_count"] if weight else [])]
        for name in names:
            assert sum(group[name] for group in answer["groups"]) == answer[name]
        assert all(group["rows"] for group in answer["groups"])
        whole = ask(client, path, chosen, weight)
        assert {n: whole[n] for n in names} == {n: answer[n] for n in names}


@bounded
@given(filters(without=("split",)), columns, weights)
def test_train_and_test_are_all(
    client: Client, chosen: Filters, column: str, weight: Filters
) -> None:
    path = f"/v1/computation/mean/{column}"
    train, test = (ask(client, path, chosen, weight, split=split) for split in ("train", "test"))
    whole = ask(client, path, chosen, weight)
    size = "weighted_count" if weight else "count"
    assert train["rows"] + test["rows"] == whole["rows"]
    assert train[size] + test[size] == whole[size]
    if whole[size]:
        total = sum(part[size] * (part["value"] or 0) for part in (train, test))
        assert total / whole[size] == near(whole["value"])


@bounded
@given(
    filters(),
    st.sampled_from(oracle.COLUMNS),
    st.integers(1, 60),
    st.booleans(),
    weights,
)
def test_buckets_add_up_to_the_count(
    client: Client, chosen: Filters, column: str, bins: int, ranged: bool, weight: Filters
) -> None:
    options = {}
    if column in oracle.NUMERIC:
        options = {"bins": str(bins)} | ({"range": "10.5,42"} if ranged else {})
    path = f"/v1/computation/distribution/{column}"
    answer = ask(client, path, chosen, options, weight, group_by="sex")
    for level in (answer, *answer["groups"]):
        buckets = level["buckets"]
        outside = level.get("below", 0) + level.get("above", 0)
        assert sum(bucket["count"] for bucket in buckets) + outside == level["count"]
        if weight and not outside:
            assert sum(b["weighted_count"] for b in buckets) == level["weighted_count"]
        if level["count"] and not outside:
            assert sum(bucket["proportion"] for bucket in buckets) == near(1.0)
        for one, other in zip(buckets, islice(buckets, 1, None), strict=False):
            if "upper" in one:
                assert one["upper"] == other["lower"] > one["lower"]


@bounded
@given(filters(), st.randoms(use_true_random=False), columns)
def test_the_order_of_filters_does_not_matter(
    client: Client, chosen: Filters, random: Any, column: str
) -> None:
    names = list(chosen)
    random.shuffle(names)
    path = f"/v1/computation/std/{column}"
    one, other = ask(client, path, chosen), ask(client, path, {n: chosen[n] for n in names})
    for answer in (one, other):
        answer.pop("links")
    assert one == other


@bounded
@given(filters(without=("sex", "race")), st.sampled_from(["sex", "race"]), weights)
def test_parity_differences_are_antisymmetric(
    client: Client, chosen: Filters, column: str, weight: Filters
) -> None:
    a, b = CHOICES[column][:2]
    found = {}
    for reference in (a, b):
        answer = ask(client, f"/v1/fairness/{column}", chosen, weight, reference=reference)
        found[reference] = {group["key"][column]: group for group in answer["groups"]}
    one, other = found[b].get(a), found[a].get(b)
    if one is None or other is None:
        return
    name = "statistical_parity_difference"
    assert one[name] == -other[name]
    assert one["spd_standard_error"] == other["spd_standard_error"]
    if one["spd_ci_lower"] is not None:
        assert one["spd_ci_lower"] == near(-other["spd_ci_upper"])
    if one["disparate_impact"] and other["disparate_impact"]:
        assert one["disparate_impact"] * other["disparate_impact"] == near(1.0)


@bounded
@given(filters(), columns)
def test_median_lies_between_the_extremes(client: Client, chosen: Filters, column: str) -> None:
    q = "0,0.1,0.5,0.9,1"
    for weight in ({}, {"weight": "fnlwgt"}):
        answer = ask(client, f"/v1/computation/quantiles/{column}", chosen, weight, q=q)
        values = [item["value"] for item in answer["quantiles"]]
        if not answer["count"]:
            assert values == [None] * 5
            continue
        assert values == sorted(values)
        low = ask(client, f"/v1/computation/min/{column}", chosen)["value"]
        high = ask(client, f"/v1/computation/max/{column}", chosen)["value"]
        assert (values[0], values[-1]) == (low, high)


@pytest.mark.parametrize("constant", [1, 7])
def test_a_constant_weight_gives_the_unweighted_value(client: Client, constant: int) -> None:
    """The test sets all weights to the same number, in its transaction."""
    Person.objects.update(fnlwgt=constant)
    for query in ({}, {"race": "Other"}, {"workclass": "Never-worked"}, {"age__lt": "17"}):
        for metric, column in (
            *(("mean", c) for c in ("age", "capital_gain", "hours_per_week")),
            *((m, "age") for m in ("std", "variance", "distribution", "mode", "max", "distinct")),
            *((m, "occupation") for m in ("distribution", "mode", "missing")),
            ("proportion", "income"),
        ):
            more = {"value": ">50K"} if metric == "proportion" else {}
            path = f"/v1/computation/{metric}/{column}"
            plain = ask(client, path, query, more, group_by="sex")
            weighted = ask(client, path, query, more, group_by="sex", weight="fnlwgt")
            same_weights(plain, weighted, metric, constant)


def same_weights(plain: Any, weighted: Any, metric: str, constant: int) -> None:
    assert weighted["weighted_count"] == constant * plain["count"]
    assert weighted["n_effective"] == (near(plain["count"]) if plain["count"] else None)
    assert weighted["design_effect"] == (near(1.0) if plain["count"] else None)
    if "value" in plain and metric not in ("missing", "mode"):
        assert weighted["value"] == near(plain["value"])
    if metric == "mean":
        for name in ("standard_error", "ci_lower", "ci_upper"):
            assert weighted[name] == near(plain[name])
    if metric == "mode":
        assert (weighted["modes"], weighted["value"]) == (plain["modes"], plain["value"])
    if metric == "missing":
        assert weighted["value"] == constant * plain["value"]
        assert weighted["proportion"] == near(plain["proportion"])
    for one, other in zip(plain.get("buckets", []), weighted.get("buckets", []), strict=True):
        assert other["proportion"] == near(one["proportion"])
        assert other["weighted_count"] == constant * one["count"]
    for one, other in zip(plain.get("groups", []), weighted.get("groups", []), strict=True):
        same_weights(one, other, metric, constant)


def test_a_constant_weight_gives_the_unweighted_tables(client: Client) -> None:
    Person.objects.update(fnlwgt=3)
    columns = {"columns": "age,capital_gain,hours_per_week"}
    plain = ask(client, "/v1/correlation", columns)
    weighted = ask(client, "/v1/correlation", columns, weight="fnlwgt")
    for one, other in zip(plain["matrix"], weighted["matrix"], strict=True):
        assert other == [near(value) for value in one]
    table = ask(client, "/v1/crosstab/race/income", weight="fnlwgt")
    # With equal weights the design effects are all n/(n−1): F is chi2/df·(n−1)/n.
    n = table["count"]
    assert table["rao_scott_f"] == near(table["chi2"] / table["dof"] * (n - 1) / n)
    assert table["rao_scott_df1"] == near(table["dof"])
    fair, weighted = (
        ask(client, "/v1/fairness/race", query) for query in ({}, {"weight": "fnlwgt"})
    )
    for one, other in zip(fair["groups"], weighted["groups"], strict=True):
        for name in ("base_rate", "statistical_parity_difference", "disparate_impact"):
            assert other[name] == near(one[name])
