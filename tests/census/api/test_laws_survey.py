"""Properties of bands, comparisons and cells for all selections."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.census.api.test_laws import CHOICES, NUMBERS, ask, bounded, filters, near, weights

pytestmark = pytest.mark.django_db

cuts = st.lists(st.integers(1, 95), min_size=1, max_size=6, unique=True).map(
    lambda found: ",".join(map(str, sorted(found)))
)
keyed = st.sampled_from(["sex", "race"])


@bounded
@given(filters(), st.sampled_from(sorted(NUMBERS)), cuts, weights)
def test_bands_add_up(client: Client, chosen: Any, column: str, at: str, weight: Any) -> None:
    bands = {"group_by": column, f"{column}__bands": at}
    for metric in ("count", "sum"):
        answer = ask(client, f"/v1/computation/{metric}/fnlwgt", chosen, weight, bands)
        assert sum(group["value"] for group in answer["groups"]) == answer["value"]
        assert sum(group["rows"] for group in answer["groups"]) == answer["rows"]
    keys = [band["key"] for band in answer["bands"][column]]
    found = [group["key"][column] for group in answer["groups"]]
    assert found == [key for key in keys if key in found]


@bounded
@given(filters(without=("sex", "race")), keyed, weights)
def test_differences_of_means_are_antisymmetric(
    client: Client, chosen: Any, column: str, weight: Any
) -> None:
    a, b = CHOICES[column][:2]
    found = {}
    for reference in (a, b):
        by = {"group_by": column, "reference": reference}
        answer = ask(client, "/v1/comparison/hours_per_week", chosen, weight, by)
        found[reference] = {group["key"][column]: group for group in answer["groups"]}
    one, other = found[b].get(a), found[a].get(b)
    if one is None or other is None or one["difference"] is None:
        return
    assert one["difference"] == -other["difference"]
    assert one["difference_standard_error"] == other["difference_standard_error"]
    assert (one["log10_p"], one["df"], one["ks"]) == (other["log10_p"], other["df"], other["ks"])
    if one["difference_ci_lower"] is not None:
        assert one["difference_ci_lower"] == near(-other["difference_ci_upper"])


@bounded
@given(filters(without=("sex", "race", "income")), keyed, weights)
def test_a_comparison_of_shares_is_that_of_fairness(
    client: Client, chosen: Any, column: str, weight: Any
) -> None:
    by = {"group_by": column, "value": ">50K"}
    compared = ask(client, "/v1/comparison/income", chosen, weight, by)
    fair = ask(client, f"/v1/fairness/{column}", chosen, weight)
    assert compared["reference"] == fair["reference"]
    for one, other in zip(compared["groups"], fair["groups"], strict=True):
        assert one["difference"] == other["statistical_parity_difference"]
        assert one["difference_standard_error"] == other["spd_standard_error"]
        assert one["difference_ci_lower"] == other["spd_ci_lower"]


@bounded
@given(filters(without=("sex", "income")), weights)
def test_residuals_of_two_by_two_are_equal_in_size(
    client: Client, chosen: Any, weight: Any
) -> None:
    answer = ask(client, "/v1/crosstab/sex/income", chosen, weight, cells="true")
    residuals = answer["adjusted_residuals"]
    if len(answer["row_values"]) != 2 or len(answer["column_values"]) != 2:
        return
    (a, b), (c, d) = residuals
    if a is None:
        return
    assert (b, c, d) == (near(-a), near(-a), near(a))
    if not weight:
        assert a * a == near(answer["chi2"])


@bounded
@given(filters(without=("sex", "income")), st.sampled_from(["", ">50K"]), weights)
def test_the_parts_of_a_difference_add_up(
    client: Client, chosen: Any, value: str, weight: Any
) -> None:
    """By categories and by regressions, from the same difference; the sign turns with the sides."""
    column = "income" if value else "hours_per_week"
    of = {"value": value} if value else {}
    found = {}
    for kind, on in (("", "education"), ("oaxaca/", "education,age")):
        for reference in ("Male", "Female"):
            by = {"group_by": "sex", "on": on, "reference": reference, **of}
            answer = ask(client, f"/v1/decomposition/{kind}{column}", chosen, weight, by)
            found[kind, reference] = {group["key"]["sex"]: group for group in answer["groups"]}
            for group in answer["groups"]:
                names = ("explained", "unexplained") if kind else ("composition", "rate")
                parts = [group[name] for name in names]
                if None not in parts:
                    assert sum(parts) == pytest.approx(group["difference"], rel=1e-9, abs=1e-12)
                    continue
                assert parts == [None, None]
                assert group["unmatched"] or group["difference"] is None
    for kind in ("", "oaxaca/"):
        one, other = (
            found[kind, reference].get(key, {}).get("difference")
            for reference, key in (("Male", "Female"), ("Female", "Male"))
        )
        if one is not None and other is not None:
            assert one == -other
    for reference in ("Male", "Female"):
        pairs = (found[kind, reference].get("Female", {}) for kind in ("", "oaxaca/"))
        one, other = (group.get("difference") for group in pairs)
        assert one == other


@bounded
@given(filters(), st.sampled_from(sorted(NUMBERS)), weights)
def test_an_interval_of_a_quantile_holds_it(
    client: Client, chosen: Any, column: str, weight: Any
) -> None:
    answer = ask(client, f"/v1/computation/quantiles/{column}", chosen, weight, q="0.1,0.5,0.9")
    for quantile in answer["quantiles"]:
        low, high = quantile["ci_lower"], quantile["ci_upper"]
        if weight and low is not None:
            assert low <= quantile["value"]
        if weight and high is not None:
            assert quantile["value"] <= high
