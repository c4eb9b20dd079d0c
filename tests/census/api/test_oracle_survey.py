"""Weighted answers against svy, a survey package that works row by row: docs/adr/survey-oracle.md.

Its design is the one that the data allow: weights alone, drawn with replacement.
"""

from typing import Any
from urllib.parse import quote

import pandas as pd
import polars as pl
import pytest
import svy
from django.test import Client

from tests.census import oracle
from tests.census.answers import ask

pytestmark = pytest.mark.django_db

SELECTIONS = ["all", "is", "ne", "complete", "split", "never_worked", "many"]
WEIGHT = "weight=fnlwgt"


def close(value: float, rel: float = 1e-10) -> Any:
    return pytest.approx(value, rel=rel, abs=0)


def sample(rows: pd.DataFrame, *columns: str) -> svy.Sample:
    """Returns the rows with a value in each column, in the form that svy needs."""
    known = rows.dropna(subset=list(columns))
    frame = pl.DataFrame({name: known[name].tolist() for name in {*columns, "fnlwgt"}})
    return svy.Sample(
        data=frame.with_columns(pl.col("fnlwgt").cast(pl.Float64).alias("weight")),
        design=svy.Design(wgt="weight"),
    )


def selected(adult: pd.DataFrame, name: str) -> tuple[str, pd.DataFrame]:
    query, mask = oracle.SELECTIONS[name]
    return query, adult[mask(adult)]


def assert_estimate(level: dict[str, Any], wanted: Any) -> None:
    assert level["count"] == wanted.n
    assert level["value"] == close(wanted.est)
    assert level["standard_error"] == close(wanted.se, 1e-9)
    assert level["ci_lower"] == close(wanted.lci, 1e-9)
    assert level["ci_upper"] == close(wanted.uci, 1e-9)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("column", ["age", "hours_per_week", "capital_gain"])
def test_mean(client: Client, adult: pd.DataFrame, column: str, selection: str) -> None:
    """Each group is a separate sample; svy's `by` would use n/(n−1) of the whole sample."""
    query, rows = selected(adult, selection)
    path = f"/v1/computation/mean/{column}"
    answer = ask(client, path, query, WEIGHT, "group_by=race", "confidence=0.9")
    levels = [(answer, rows)]
    levels += [(group, rows[rows.race == group["key"]["race"]]) for group in answer["groups"]]
    for level, of in levels:
        if of[column].nunique() > 1:  # svy gives no interval where there is no spread
            (wanted,) = sample(of, column).estimation.mean(column, alpha=0.1).estimates
            assert_estimate(level, wanted)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("column", ["sex", "education", "workclass", "native_country"])
def test_proportion(client: Client, adult: pd.DataFrame, column: str, selection: str) -> None:
    query, rows = selected(adult, selection)
    for wanted in sample(rows, column).estimation.prop(column).estimates:
        value = f"value={quote(wanted.y_level)}"
        answer = ask(client, f"/v1/computation/proportion/{column}", query, WEIGHT, value)
        if 0 < wanted.est < 1:
            assert_estimate(answer, wanted)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("column", oracle.NUMERIC)
def test_median(client: Client, adult: pd.DataFrame, column: str, selection: str) -> None:
    query, rows = selected(adult, selection)
    (wanted,) = sample(rows, column).estimation.median(column).estimates
    assert ask(client, f"/v1/computation/median/{column}", query, WEIGHT)["value"] == wanted.est


PAIRS = [
    ("sex", "income"),
    ("race", "income"),
    ("education", "sex"),
    ("race", "relationship"),
    ("workclass", "income"),
    ("occupation", "marital_status"),
]


@pytest.mark.parametrize("selection", ["all", "is", "ne", "complete", "split"])
@pytest.mark.parametrize(("row", "column"), PAIRS)
def test_crosstab(
    client: Client, adult: pd.DataFrame, row: str, column: str, selection: str
) -> None:
    query, rows = selected(adult, selection)
    answer = ask(client, f"/v1/crosstab/{row}/{column}", query, WEIGHT)
    if min(len(answer["row_values"]), len(answer["column_values"])) < 2:
        assert answer["rao_scott_f"] is None
        return
    table = sample(rows, row, column).categorical.tabulate(row, column)
    shares = {(cell.rowvar, cell.colvar): cell.est for cell in table.estimates}
    for i, one in enumerate(answer["row_values"]):
        for j, other in enumerate(answer["column_values"]):
            share = answer["weighted_counts"][i][j] / answer["weighted_count"]
            assert share == close(shares.get((one, other), 0.0))
    test = table.stats.f
    assert answer["rao_scott_f"] == close(test.value, 1e-9)
    assert answer["rao_scott_df1"] == close(test.df_num, 1e-9)
    assert answer["rao_scott_df2"] == close(test.df_den, 1e-9)
