"""Comparisons of groups: values of R, an oracle, and edge cases."""

import math

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from scipy import stats

from tests.census.answers import ask, near

pytestmark = pytest.mark.django_db

HOURS = "/v1/comparison/hours_per_week?group_by=sex&reference=Male"
RICH = "/v1/comparison/income?value=%3E50K&group_by=sex&reference=Male"


class TestTrueValues:
    """Figures of R 4.2.2."""

    def test_means(self, client: Client) -> None:
        answer = ask(client, HOURS)
        women, men = answer["groups"]
        assert answer["reference"] == men["key"] == {"sex": "Male"}
        assert women["difference"] == near(-6.016153629644876)
        assert women["difference_standard_error"] == near(0.11539819823074993)
        assert women["statistic"] == near(-52.13386102974495)
        assert women["df"] == near(32706.129458910913)
        assert women["hedges_g"] == near(-0.49869682096442647)
        assert (men["difference"], men["statistic"], men["hedges_g"]) == (0.0, None, None)

    def test_weighted_means(self, client: Client) -> None:
        women, _ = ask(client, f"{HOURS}&weight=fnlwgt")["groups"]
        assert women["difference"] == near(-5.719336261685527)
        assert women["difference_standard_error"] == near(0.12887697662704353)
        assert women["statistic"] == near(-44.37826221076466)
        assert women["df"] == 48840

    def test_shares(self, client: Client) -> None:
        women, men = ask(client, RICH)["groups"]
        assert women["difference"] == near(-0.19451574596420296)
        assert women["difference_ci_lower"] == near(-0.20139472243773052)
        assert women["difference_ci_upper"] == near(-0.18754142573525137)
        assert women["odds_ratio"] == near(0.2811161347636349)
        assert women["statistic"] == near(-math.sqrt(2249.9161672890773))
        assert women["df"] is None
        assert men["successes"] == 9918


def linearised(rows: pd.DataFrame, column: str) -> tuple[float, float, float]:
    """Returns the weighted mean, its variance, and the variance of the values."""
    w, x, n = rows.fnlwgt.astype(float), rows[column].astype(float), len(rows)
    mean = (w * x).sum() / w.sum()
    variance = n / (n - 1) * ((w * (x - mean)) ** 2).sum() / w.sum() ** 2
    return mean, variance, n / (n - 1) * (w * (x - mean) ** 2).sum() / w.sum()


@pytest.mark.parametrize("column", ["age", "hours_per_week", "capital_gain", "fnlwgt"])
@pytest.mark.parametrize("by", ["race", "workclass", "relationship"])
@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
def test_means_equal_the_oracles(
    client: Client, adult: pd.DataFrame, column: str, by: str, weight: str
) -> None:
    answer = ask(client, f"/v1/comparison/{column}?group_by={by}&adjust=bonferroni{weight}")
    groups = dict(list(adult.groupby(adult[by].fillna("nothing"))))
    largest = max(groups, key=lambda key: len(groups[key]))
    reference = groups.pop(largest)
    assert answer["reference"] == {by: largest}
    found = {g["key"][by] or "nothing": g for g in answer["groups"] if g["key"][by] != largest}
    assert set(found) == set(groups)
    for key, rows in groups.items():
        group = found[key]
        assert group["ks"] == near(stats.ks_2samp(rows[column], reference[column]).statistic)
        if weight:
            (m1, v1, s1), (m0, v0, s0) = (linearised(r, column) for r in (rows, reference))
            df = len(rows) + len(reference) - 2
            statistic = (m1 - m0) / math.sqrt(v1 + v0)
            pooled = ((len(rows) - 1) * s1 + (len(reference) - 1) * s0) / df
            assert group["standardized_difference"] == near((m1 - m0) / math.sqrt(pooled))
        else:
            test = stats.ttest_ind(rows[column], reference[column], equal_var=False)
            statistic, df = test.statistic, test.df
            low, high = test.confidence_interval()
            assert group["difference_ci_lower"] == near(low)
            assert group["difference_ci_upper"] == near(high)
        assert (group["statistic"], group["df"]) == (near(statistic), near(df))
        log10_p = (stats.t.logsf(abs(statistic), df) + math.log(2)) / math.log(10)
        if log10_p > -200:  # beyond that scipy loses digits
            assert group["log10_p"] == pytest.approx(log10_p, rel=1e-8)
        adjusted = min(0.0, group["log10_p"] + math.log10(len(groups)))
        assert group["log10_p_adjusted"] == pytest.approx(adjusted, rel=1e-9, abs=1e-12)


def test_weighted_f_is_walds(client: Client, adult: pd.DataFrame) -> None:
    answer = ask(client, "/v1/comparison/age?group_by=race&weight=fnlwgt")
    found = [linearised(rows, "age") for _, rows in adult.groupby("race")]
    means, variances, _ = (np.array(part) for part in zip(*found, strict=True))
    f = ((means**2 / variances).sum() - (means / variances).sum() ** 2 / (1 / variances).sum()) / 4
    assert answer["f"] == near(f)
    assert (answer["f_df1"], answer["f_df2"]) == (4, 48_837)
    assert answer["f_log10_p"] == near(stats.f.logsf(f, 4, 48_837) / math.log(10))


def test_pearsons_test_of_all_shares(client: Client, adult: pd.DataFrame) -> None:
    answer = ask(client, "/v1/comparison/income?value=%3E50K&group_by=race")
    test = stats.chi2_contingency(pd.crosstab(adult.race, adult.income), correction=False)
    assert (answer["chi2"], answer["chi2_dof"]) == (near(test.statistic), 4)
    assert answer["f"] is not None


@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
def test_within_bands_of_age(client: Client, weight: str) -> None:
    url = f"/v1/comparison/hours_per_week?group_by=sex,age&age__bands=25,45{weight}"
    answer = ask(client, url)
    assert answer["reference"] == {"sex": "Male"}
    assert [stratum["key"]["age"] for stratum in answer["within"]] == ["<25", "25-44", ">=45"]
    for filters, band, stratum in zip(
        ("age__lt=25", "age__range=25,44", "age__gte=45"),
        ("<25", "25-44", ">=45"),
        answer["within"],
        strict=True,
    ):
        alone = ask(client, f"{HOURS}&{filters}{weight}")
        group = next(g for g in answer["groups"] if g["key"] == {"sex": "Female", "age": band})
        expected = alone["groups"][0]
        for name in ("difference", "difference_ci_lower", "df", "log10_p", "ks"):
            assert group[name] == expected[name]
        assert stratum["f"] == alone["f"]


@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
def test_the_difference_is_that_of_fairness(client: Client, weight: str) -> None:
    url = f"value=%3E50K&group_by=race&reference=Black{weight}"
    compared = ask(client, f"/v1/comparison/income?{url}")["groups"]
    fair = ask(client, f"/v1/fairness/race?reference=Black{weight}")["groups"]
    for one, other in zip(compared, fair, strict=True):
        assert one["difference"] == other["statistical_parity_difference"]
        assert one["difference_standard_error"] == other["spd_standard_error"]
        assert one["difference_ci_lower"] == other["spd_ci_lower"]
        assert one["difference_ci_upper"] == other["spd_ci_upper"]


@pytest.mark.parametrize("url", ["/v1/comparison/age?", "/v1/comparison/income?value=%3E50K&"])
@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
def test_a_difference_turns_with_the_reference(client: Client, url: str, weight: str) -> None:
    women = ask(client, f"{url}group_by=sex&reference=Male{weight}")["groups"][0]
    men = ask(client, f"{url}group_by=sex&reference=Female{weight}")["groups"][1]
    for name in ("difference", "statistic"):
        assert women[name] == -men[name]
    assert women["difference_ci_lower"] == pytest.approx(-men["difference_ci_upper"], rel=1e-12)
    assert women["log10_p"] == men["log10_p"]


class TestCorners:
    def test_nothing(self, client: Client) -> None:
        answer = ask(client, f"{HOURS}&age__lt=17")
        assert (answer["rows"], answer["groups"], answer["f"]) == (0, [], None)

    @pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
    def test_an_absent_reference(self, client: Client, weight: str) -> None:
        (women,) = ask(client, f"{HOURS}&sex=Female{weight}")["groups"]
        assert women["value"] is not None
        assert (women["difference"], women["statistic"], women["p_adjusted"]) == (None, None, None)

    @pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
    def test_a_group_of_one(self, client: Client, weight: str) -> None:
        url = f"/v1/comparison/age?group_by=native_country{weight}"
        dutch = next(
            group
            for group in ask(client, url)["groups"]
            if group["key"] == {"native_country": "Holand-Netherlands"}
        )
        assert dutch["difference"] is not None
        assert dutch["difference_standard_error"] is None
        assert dutch["statistic"] is dutch["p_value"] is dutch["p_adjusted"] is None
        assert "n<30" in dutch["flags"]

    def test_all_equal(self, client: Client) -> None:
        answer = ask(client, f"{HOURS}&hours_per_week=40")
        women = answer["groups"][0]
        assert (women["difference"], women["difference_standard_error"]) == (0.0, 0.0)
        assert (women["statistic"], women["hedges_g"], answer["f"]) == (None, None, None)

    def test_no_success(self, client: Client) -> None:
        url = "/v1/comparison/income?value=%3E50K&group_by=workclass&reference=Private"
        never = next(
            group
            for group in ask(client, url)["groups"]
            if group["key"] == {"workclass": "Never-worked"}
        )
        assert (never["successes"], never["odds_ratio"]) == (0, None)
        assert never["difference_ci_lower"] == near(-0.22229272939788197)
        assert never["difference_ci_upper"] == near(0.05970002874575403)

    def test_all_successes(self, client: Client) -> None:
        women, _ = ask(client, f"{RICH}&income=%3E50K")["groups"]
        assert (women["difference"], women["statistic"], women["odds_ratio"]) == (0.0, None, None)

    def test_small_groups_are_dropped_on_request(self, client: Client) -> None:
        url = "/v1/comparison/age?group_by=native_country&min_count=30"
        answer = ask(client, url)
        assert all(group["count"] >= 30 for group in answer["groups"])
        assert answer["dropped_groups"] == 9
        assert answer["f"] is not None


def test_csv_has_a_row_for_each_group(client: Client) -> None:
    lines = client.get(f"{HOURS}&format=csv").content.decode().splitlines()
    header = lines[0].split(",")
    assert header[0] == "sex"
    assert {"difference", "p_adjusted", "hedges_g", "flags"} <= set(header)
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("url", "parameter", "code"),
    [
        ("/v1/comparison/age", "group_by", "required"),
        ("/v1/comparison/age?group_by=sex&reference=Mal", "reference", "unknown_value"),
        ("/v1/comparison/age?group_by=age&reference=x", "reference", "not_integer"),
        ("/v1/comparison/age?group_by=sex&value=17", "value", "not_applicable"),
        ("/v1/comparison/income?group_by=sex", "value", "required"),
        ("/v1/comparison/income?group_by=sex&value=rich", "value", "unknown_value"),
        ("/v1/comparison/age?group_by=sex&adjust=sidak", "adjust", "unknown_value"),
    ],
)
def test_errors(client: Client, url: str, parameter: str, code: str) -> None:
    (error,) = ask(client, url, status=400)["errors"]
    assert (error["parameter"], error["code"]) == (parameter, code)
