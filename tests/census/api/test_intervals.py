"""Intervals of quantiles, totals, categories and shares; design effects; flags."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tests.census.answers import ask, near

pytestmark = pytest.mark.django_db

COMPUTE = "/v1/computation"
RICH = f"{COMPUTE}/proportion/income?value=%3E50K"


class TestTrueValues:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", (36, 36, 37)),
            ("&race=Other", (32, 30, 33)),
            ("&workclass=Never-worked", (20, 18, 20)),
        ],
    )
    def test_medians(self, client: Client, query: str, expected: tuple[int, ...]) -> None:
        answer = ask(client, f"{COMPUTE}/median/age?weight=fnlwgt{query}")
        assert (answer["value"], answer["ci_lower"], answer["ci_upper"]) == expected

    def test_tied_quantiles(self, client: Client) -> None:
        answer = ask(client, f"{COMPUTE}/quantiles/hours_per_week?q=0.75&weight=fnlwgt")
        assert answer["quantiles"] == [{"q": 0.75, "value": 45, "ci_lower": 45, "ci_upper": 45}]

    def test_untied_median(self, client: Client) -> None:
        answer = ask(client, f"{COMPUTE}/median/fnlwgt?weight=fnlwgt")
        assert (answer["ci_lower"], answer["ci_upper"]) == (217342, 220237)

    def test_totals(self, client: Client) -> None:
        answer = ask(client, f"{COMPUTE}/sum/hours_per_week?weight=fnlwgt")
        assert (answer["value"], answer["standard_error"]) == (
            373591780468,
            near(1098220794.9143872),
        )
        answer = ask(client, f"{COMPUTE}/count/occupation?weight=fnlwgt&race=Other")
        assert answer["standard_error"] == pytest.approx(4_147_367, abs=0.5)

    @pytest.mark.parametrize(
        ("metric", "expected"),
        [("skewness", 0.5909126581262296), ("kurtosis", -0.1456897846703867)],
    )
    def test_shape(self, client: Client, metric: str, expected: float) -> None:
        answer = ask(client, f"{COMPUTE}/{metric}/age?weight=fnlwgt")
        assert answer["value"] == near(expected)

    def test_categories(self, client: Client) -> None:
        white = ask(client, f"{COMPUTE}/distribution/race?weight=fnlwgt")["buckets"][0]
        found = [white[name] for name in ("proportion", "ci_lower", "ci_upper")]
        expected = [0.8425589747182873, 0.8386584360524049, 0.8463824879226355]
        assert found == pytest.approx(expected, rel=1e-9)

    def test_korn_graubard(self, client: Client) -> None:
        answer = ask(client, f"{RICH}&weight=fnlwgt&interval=korn_graubard")
        found = [answer[name] for name in ("value", "ci_lower", "ci_upper")]
        expected = [0.2377759609645643, 0.2334875615151487, 0.24210475037492862]
        assert found == pytest.approx(expected, rel=1e-9)


def domain(x: np.ndarray, w: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """Returns the total and its standard error, of all rows with zeros outside."""
    y = w.astype(np.longdouble) * x * inside
    return float(y.sum()), float(np.sqrt(len(y) / (len(y) - 1) * ((y - y.mean()) ** 2).sum()))


@pytest.mark.parametrize("column", ["age", "capital_gain", "hours_per_week", "fnlwgt"])
def test_totals_of_groups_follow_the_domain_rule(
    client: Client, adult: pd.DataFrame, column: str
) -> None:
    answer = ask(client, f"{COMPUTE}/sum/{column}?weight=fnlwgt&group_by=race&sex=Female")
    x, w = adult[column].to_numpy(), adult.fnlwgt.to_numpy()
    t = stats.t.ppf(0.975, len(adult) - 1)
    for group in answer["groups"]:
        inside = ((adult.race == group["key"]["race"]) & (adult.sex == "Female")).to_numpy()
        total, error = domain(x, w, inside)
        assert group["value"] == total
        assert group["standard_error"] == near(error)
        assert group["ci_lower"] == near(total - t * error)
        y = x * inside
        mean = (w * y).sum() / w.sum()
        spread = len(y) / (len(y) - 1) * (w * (y - mean) ** 2).sum() / w.sum()
        assert group["deff"] == near(error**2 * len(y) / (spread * float(w.sum()) ** 2))
        assert "domain" in answer["method"]


def test_unweighted_totals_have_no_error(client: Client) -> None:
    assert "standard_error" not in ask(client, f"{COMPUTE}/sum/age")
    assert "deff" not in ask(client, f"{COMPUTE}/mean/age")


@pytest.mark.parametrize("metric", ["median", "quantiles"])
@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
@pytest.mark.parametrize("column", ["age", "capital_gain"])
def test_quantiles_by_group(
    client: Client, adult: pd.DataFrame, metric: str, weight: str, column: str
) -> None:
    confidence = 0.9
    url = f"{COMPUTE}/{metric}/{column}?group_by=race&confidence={confidence}{weight}"
    for group in ask(client, url)["groups"]:
        rows = adult[adult.race == group["key"]["race"]].sort_values(column)
        x = rows[column].to_numpy()
        w = rows.fnlwgt.to_numpy() if weight else np.ones(len(x), int)
        cumulated = w.cumsum()

        def inverse(q: float, x: Any = x, cumulated: Any = cumulated) -> int | None:
            if not 0 <= q <= 1:
                return None
            return int(x[np.searchsorted(cumulated, q * cumulated[-1])])

        found = [{"q": 0.5, **group}] if metric == "median" else group["quantiles"]
        for quantile in found:
            q = quantile["q"]
            below = x <= inverse(q)
            share = (w * below).sum() / w.sum()
            n = len(x)
            error = math.sqrt(n / (n - 1) * ((w * (below - share)) ** 2).sum()) / w.sum()
            margin = stats.t.ppf((1 + confidence) / 2, n - 1) * error
            assert quantile["ci_lower"] == inverse(q - margin)
            assert quantile["ci_upper"] == inverse(q + margin)
            assert quantile["value"] == (inverse(q) if weight else near(np.quantile(x, q)))


@pytest.mark.parametrize("metric", ["median", "quantiles"])
def test_quantiles_in_the_corners(client: Client, metric: str) -> None:
    for query, expected in (("age__lt=17", [None] * 3), ("fnlwgt=1490400", [27, None, None])):
        answer = ask(client, f"{COMPUTE}/{metric}/age?{query}")
        found = [answer] if metric == "median" else answer["quantiles"]
        for quantile in found:
            assert [quantile[name] for name in ("value", "ci_lower", "ci_upper")] == expected


@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
def test_a_category_is_as_its_proportion(client: Client, weight: str) -> None:
    url = f"{COMPUTE}/distribution/workclass?group_by=sex{weight}"
    for group in ask(client, url)["groups"]:
        for bucket in group["buckets"]:
            query = f"value={bucket['value']}&sex={group['key']['sex']}{weight}"
            share = ask(client, f"{COMPUTE}/proportion/workclass?{query}")
            assert bucket["proportion"] == share["value"]
            for name in ("standard_error", "ci_lower", "ci_upper", "flags"):
                assert bucket[name] == share[name]


@pytest.mark.parametrize(("query", "successes", "n"), [("", 0, 10), ("&age=17", 0, None)])
def test_a_share_of_nobody_has_korn_graubards_interval(
    client: Client, query: str, successes: int, n: int | None
) -> None:
    url = f"{RICH}&workclass=Never-worked&weight=fnlwgt{query}"
    answer = ask(client, url)
    expected = proportion_confint(successes, n or answer["count"], method="beta")
    assert (answer["ci_lower"], answer["ci_upper"]) == pytest.approx(expected, rel=1e-9)
    assert "Korn" in answer["method"]


def test_unweighted_korn_graubard_is_clopper_pearsons(client: Client) -> None:
    answer = ask(client, f"{RICH}&interval=korn_graubard&race=Other")
    expected = proportion_confint(answer["successes"], answer["count"], method="beta")
    assert (answer["ci_lower"], answer["ci_upper"]) == pytest.approx(expected, rel=1e-9)
    assert "Clopper" in answer["method"]


def test_deff_is_the_estimates_own(client: Client, adult: pd.DataFrame) -> None:
    answer = ask(client, f"{COMPUTE}/mean/age?weight=fnlwgt")
    spread = ask(client, f"{COMPUTE}/variance/age?weight=fnlwgt")["value"]
    assert answer["deff"] == near(answer["standard_error"] ** 2 * len(adult) / spread)
    assert answer["deff"] != answer["design_effect"]
    share = ask(client, f"{RICH}&weight=fnlwgt")
    p, n = share["value"], share["count"]
    expected = share["standard_error"] ** 2 * n / (n / (n - 1) * p * (1 - p))
    assert share["deff"] == near(expected)


class TestFlags:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("mean/age?", []),
            ("mean/age?workclass=Never-worked", ["n<30"]),
            ("mean/age?workclass=Never-worked&weight=fnlwgt", ["n<30", "effective n<30"]),
            ("mean/capital_gain?workclass=Without-pay", ["n<30", "relative standard error>30%"]),
            ("proportion/income?value=%3E50K", []),
            (
                "proportion/income?value=%3E50K&workclass=Never-worked",
                ["n<30", "interval width>=0.30"],
            ),
            (
                "proportion/income?value=%3E50K&workclass=Without-pay&split=test",
                ["n<30", "interval width>=0.30"],
            ),
            ("median/age?age__lt=17", ["n<30"]),
        ],
    )
    def test_of_an_estimate(self, client: Client, path: str, expected: list[str]) -> None:
        assert ask(client, f"{COMPUTE}/{path}")["flags"] == expected

    def test_are_of_every_estimate(self, client: Client) -> None:
        for metric in ("count", "mean", "sum", "median", "std", "quantiles", "mode"):
            answer = ask(client, f"{COMPUTE}/{metric}/age?group_by=sex")
            assert all(isinstance(level["flags"], list) for level in [answer, *answer["groups"]])

    def test_are_written_in_a_table(self, client: Client) -> None:
        url = f"{COMPUTE}/mean/age?group_by=workclass&weight=fnlwgt&format=csv"
        lines = client.get(url).content.decode().splitlines()
        never = next(line for line in lines if line.startswith("Never-worked"))
        assert never.endswith("n<30; effective n<30")


def test_small_groups_are_dropped_on_request(client: Client) -> None:
    url = f"{COMPUTE}/mean/age?group_by=workclass"
    answer = ask(client, f"{url}&min_count=30")
    assert answer["dropped_groups"] == 2
    assert answer["rows"] == 48842
    assert all(group["count"] >= 30 for group in answer["groups"])
    assert "dropped_groups" not in ask(client, url)


@pytest.mark.parametrize("metric", ["mean/age", "sum/age", "median/age", "std/age", "count/sex"])
def test_every_weighted_method_says_what_is_a_sample(client: Client, metric: str) -> None:
    method = ask(client, f"{COMPUTE}/{metric}?weight=fnlwgt")["method"]
    assert "sample of their own" in method or "domain of all" in method
