"""Cells and layers of cross-tabulations, compared with R 4.2.2 and statsmodels."""

import re

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from statsmodels.stats.contingency_tables import StratifiedTable, Table
from statsmodels.stats.proportion import proportion_confint

from tests.census.answers import ask, near

pytestmark = pytest.mark.django_db

SEX = "/v1/crosstab/sex/income?cells=true"
MATRICES = {
    *("expected", "adjusted_residuals", "total_proportions"),
    *("row_standard_errors", "row_ci_lower", "row_ci_upper"),
    *("column_standard_errors", "column_ci_lower", "column_ci_upper"),
}


class TestTrueValues:
    def test_residuals(self, client: Client) -> None:
        (a, b), (c, d) = ask(client, SEX)["adjusted_residuals"]
        assert (a, b, c, d) == tuple(near(sign * 47.43328121993118) for sign in (1, -1, -1, 1))
        assert a**2 == near(2249.9161672890773)

    def test_weighted_residuals(self, client: Client) -> None:
        (a, b), (c, d) = ask(client, f"{SEX}&weight=fnlwgt")["adjusted_residuals"]
        assert (a, b, c, d) == tuple(near(sign * 47.0533223419796) for sign in (1, -1, -1, 1))

    def test_layers(self, client: Client) -> None:
        answer = ask(client, "/v1/crosstab/sex/income?layer=race")
        assert answer["cmh_chi2"] == near(2088.889238531211)
        assert answer["common_odds_ratio"] == near(3.423365879874826)
        assert answer["common_odds_ratio_ci_lower"] == near(3.2403253694752188)
        assert answer["common_odds_ratio_ci_upper"] == near(3.616746039731541)

    def test_design_effects_under_independence(self, client: Client) -> None:
        sparse = ask(client, "/v1/crosstab/workclass/occupation?weight=fnlwgt")
        assert sparse["rao_scott_null_f"] == near(88.71460476175618)
        assert sparse["rao_scott_null_df1"] == near(9.1607724637441)
        assert sparse["rao_scott_f"] is None
        dense = ask(client, "/v1/crosstab/sex/income?weight=fnlwgt")
        assert dense["rao_scott_null_f"] == pytest.approx(2214.0, abs=0.05)
        assert dense["rao_scott_f"] == pytest.approx(1716.39, abs=0.01)


@pytest.mark.parametrize(
    ("row", "column"), [("sex", "income"), ("race", "education"), ("workclass", "occupation")]
)
def test_cells_equal_statsmodels(
    client: Client, adult: pd.DataFrame, row: str, column: str
) -> None:
    answer = ask(client, f"/v1/crosstab/{row}/{column}?cells=true")
    counts = pd.crosstab(adult[row], adult[column])[answer["column_values"]].to_numpy()
    oracle = Table(counts, shift_zeros=False)
    np.testing.assert_allclose(answer["expected"], oracle.fittedvalues, rtol=1e-9)
    np.testing.assert_allclose(
        answer["adjusted_residuals"], oracle.standardized_resids, rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(answer["total_proportions"], counts / counts.sum(), rtol=1e-12)
    for side, sizes in (("row", counts.sum(1)[:, None]), ("column", counts.sum(0)[None, :])):
        shares = counts / sizes
        errors = np.sqrt(shares * (1 - shares) / sizes)
        np.testing.assert_allclose(answer[f"{side}_standard_errors"], errors, rtol=1e-9)
        low, high = proportion_confint(counts, sizes + counts * 0, method="wilson")
        np.testing.assert_allclose(answer[f"{side}_ci_lower"], low, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(answer[f"{side}_ci_upper"], high, rtol=1e-9)


def test_weighted_intervals_are_those_of_the_proportion(client: Client) -> None:
    answer = ask(client, f"{SEX}&weight=fnlwgt")
    share = ask(client, "/v1/computation/proportion/income?value=%3E50K&sex=Female&weight=fnlwgt")
    for name, part in (("ci_lower", "row_ci_lower"), ("standard_error", "row_standard_errors")):
        assert answer[part][0][1] == near(share[name])


def test_layers_are_the_tables_of_their_rows(client: Client, adult: pd.DataFrame) -> None:
    answer = ask(client, f"{SEX}&layer=age&age__bands=30,60&weight=fnlwgt")
    assert [layer["key"]["age"] for layer in answer["layers"]] == ["<30", "30-59", ">=60"]
    alone = ask(client, f"{SEX}&age__range=30,59&weight=fnlwgt")
    layer = answer["layers"][1]
    assert {name: alone[name] for name in layer if name != "key"} == {
        name: value for name, value in layer.items() if name != "key"
    }
    bands = pd.cut(adult.age, [0, 30, 60, 99], right=False)
    tables = [pd.crosstab(rows.sex, rows.income) for _, rows in adult.groupby(bands, observed=True)]
    oracle = StratifiedTable([table.to_numpy() for table in tables])
    assert answer["cmh_chi2"] == near(oracle.test_null_odds(correction=False).statistic)
    assert answer["common_odds_ratio"] == near(oracle.oddsratio_pooled)


def test_rows_without_a_layer_are_in_the_whole_table_alone(client: Client) -> None:
    answer = ask(client, "/v1/crosstab/race/income?layer=workclass")
    assert None not in [layer["key"]["workclass"] for layer in answer["layers"]]
    assert answer["count"] - sum(layer["count"] for layer in answer["layers"]) == 2799
    assert "cmh_chi2" not in answer


@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
class TestCorners:
    def test_nothing(self, client: Client, weight: str) -> None:
        answer = ask(client, f"{SEX}&layer=race&age__lt=17{weight}")
        assert all(answer[name] == [] for name in MATRICES)
        assert (answer["g2"], answer["layers"]) == (None, [])

    def test_one_row(self, client: Client, weight: str) -> None:
        answer = ask(client, f"{SEX}&sex=Female{weight}")
        assert answer["adjusted_residuals"] == [[None, None]]
        assert (answer["g2"], answer["chi2"]) == (None, None)

    def test_one_cell(self, client: Client, weight: str) -> None:
        answer = ask(client, f"{SEX}&sex=Female&income=%3E50K{weight}")
        assert answer["expected"] == [[1769.0]]
        assert answer["row_standard_errors"] == [[0.0]]
        assert answer["row_ci_upper"] == [[1.0]]
        assert answer["row_ci_lower"][0][0] > 0.99

    def test_one_person(self, client: Client, weight: str) -> None:
        answer = ask(client, f"{SEX}&fnlwgt=1490400{weight}")
        assert answer["counts"] == [[1]]
        assert answer["adjusted_residuals"] == [[None]]


def test_residuals_are_not_asked_for_by_default(client: Client) -> None:
    assert not MATRICES & set(ask(client, "/v1/crosstab/sex/income"))


def test_csv(client: Client) -> None:
    lines = client.get(f"{SEX}&layer=race&format=csv").content.decode().splitlines()
    header = lines[0].split(",")
    assert header[:4] == ["layer", "row", "column", "count"]
    assert {"expected", "adjusted_residual", "total_proportion", "row_ci_lower"} <= set(header)
    assert len(lines) == 1 + 5 * 4


def test_too_many_cells(client: Client) -> None:
    """The error names a parameter of the route, which makes fewer."""
    url = "/v1/crosstab/fnlwgt/fnlwgt?fnlwgt__lt=35000"
    (error,) = ask(client, url, status=400)["errors"]
    assert error["code"] == "too_many_values"
    assert error["parameter"] == "fnlwgt__bands"
    assert error["detail"].startswith("994 × 994 cells are more than the 100000")
    page = client.get(url, headers={"accept": "text/html"}).content.decode()
    assert re.search(r'href="[^"]*fnlwgt__bands=[0-9,]+"', page)
    assert ask(client, f"{url}&fnlwgt__bands=20000,30000")["row_values"] == [
        "<20000",
        "20000-29999",
        ">=30000",
    ]
