"""Bands and numeric groups on every route that groups or crosses columns."""

from itertools import pairwise
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from django.test import Client

from tests.census.answers import ask
from tests.census.oracle import NUMERIC

pytestmark = pytest.mark.django_db

HOURS = "/v1/computation/mean/hours_per_week"
RICH = "/v1/computation/proportion/income?value=%3E50K"
CUTS = {
    "age": [25, 35, 45, 55, 65],
    "hours_per_week": [40, 41],
    "education_num": [9, 10, 13],
    "capital_gain": [1, 5000],
    "capital_loss": [-5, 1, 2000],
    "fnlwgt": [100_000, 200_000],
}


def labelled(values: pd.Series, cuts: list[int]) -> pd.Series:
    keys = [f"<{cuts[0]}"]
    for low, high in pairwise(cuts):
        keys.append(str(low) if high == low + 1 else f"{low}-{high - 1}")
    return pd.cut(values, [-np.inf, *cuts, np.inf], right=False, labels=[*keys, f">={cuts[-1]}"])


def test_values_of_hours_by_age(client: Client) -> None:
    answer = ask(client, f"{HOURS}?group_by=age&age__bands=25,35,45,55,65&weight=fnlwgt")
    first = answer["groups"][0]
    assert first["key"] == {"age": "<25"}
    assert first["value"] == pytest.approx(33.20826484499462, rel=1e-12)
    assert first["standard_error"] == pytest.approx(0.14938180993507127, rel=1e-12)
    assert answer["bands"]["age"][:2] == [
        {"key": "<25", "lower": None, "upper": 25},
        {"key": "25-34", "lower": 25, "upper": 35},
    ]
    assert answer["bands"]["age"][-1] == {"key": ">=65", "lower": 65, "upper": None}


def test_values_of_women_of_an_age(client: Client) -> None:
    url = f"{RICH}&group_by=sex,age&age__bands=25,35,45,55,65&weight=fnlwgt"
    women = next(
        group
        for group in ask(client, url)["groups"]
        if group["key"] == {"sex": "Female", "age": "25-34"}
    )
    found = [women[name] for name in ("value", "ci_lower", "ci_upper")]
    expected = [0.09794781789570536, 0.08813175001479376, 0.10872683334311344]
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("column", NUMERIC)
def test_groups_are_those_of_pandas(client: Client, adult: pd.DataFrame, column: str) -> None:
    cuts = CUTS[column]
    url = f"{HOURS}?group_by={column}&{column}__bands={','.join(map(str, cuts))}"
    bands = labelled(adult[column], cuts)
    expected = adult.hours_per_week.groupby(bands, observed=True).agg(["size", "mean"])
    groups = ask(client, url)["groups"]
    assert [group["key"][column] for group in groups] == list(expected.index)
    assert [group["rows"] for group in groups] == list(expected["size"])
    assert [group["value"] for group in groups] == pytest.approx(list(expected["mean"]))


def test_a_number_groups_by_its_values(client: Client, adult: pd.DataFrame) -> None:
    answer = ask(client, f"{HOURS}?group_by=education_num")
    expected = adult.hours_per_week.groupby(adult.education_num).mean()
    assert [group["key"] for group in answer["groups"]] == [
        {"education_num": int(value)} for value in expected.index
    ]
    assert [group["value"] for group in answer["groups"]] == pytest.approx(list(expected))
    assert "bands" not in answer


@pytest.mark.parametrize("metric", ["mean", "median", "quantiles", "mode", "distribution", "std"])
@pytest.mark.parametrize("weight", ["", "&weight=fnlwgt"])
def test_a_band_is_as_good_as_a_filter(client: Client, metric: str, weight: str) -> None:
    url = (
        f"/v1/computation/{metric}/hours_per_week?bins=values"
        if metric == "distribution"
        else (f"/v1/computation/{metric}/hours_per_week?")
    )
    banded = ask(client, f"{url}&group_by=age&age__bands=30,40{weight}")["groups"][1]
    filtered = ask(client, f"{url}&age__range=30,39{weight}")
    assert {name: filtered[name] for name in banded if name != "key"} == {
        name: value for name, value in banded.items() if name != "key"
    }


def test_descending_order_and_csv(client: Client) -> None:
    url = f"{HOURS}?group_by=age&age__bands=25,35&order_by=-key"
    keys = [group["key"]["age"] for group in ask(client, url)["groups"]]
    assert keys == [">=35", "25-34", "<25"]
    lines = client.get(f"{url}&format=csv").content.decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["age", *keys]


def test_crosstab_of_bands_and_numbers(client: Client, adult: pd.DataFrame) -> None:
    answer = ask(client, "/v1/crosstab/age/education_num?age__bands=25,35")
    bands = labelled(adult.age, [25, 35])
    expected = pd.crosstab(bands, adult.education_num)
    assert answer["row_values"] == ["<25", "25-34", ">=35"]
    assert answer["column_values"] == list(range(1, 17))
    assert answer["counts"] == expected.to_numpy().tolist()
    assert list(answer["bands"]) == ["age"]


def test_fairness_by_bands(client: Client, adult: pd.DataFrame) -> None:
    url = f"/v1/fairness/age,sex?age__bands=25,45&reference={quote('25-44')},Male"
    answer = ask(client, url)
    assert answer["reference"] == {"age": "25-44", "sex": "Male"}
    keys = [labelled(adult.age, [25, 45]), adult.sex]
    rates = (adult.income == ">50K").groupby(keys, observed=True).mean()
    assert [group["base_rate"] for group in answer["groups"]] == pytest.approx(list(rates))
    assert ask(client, "/v1/fairness/age?reference=40")["reference"] == {"age": 40}


@pytest.mark.parametrize(
    ("url", "parameter", "code"),
    [
        (f"{HOURS}?group_by=fnlwgt", "fnlwgt__bands", "bands_required"),
        (f"{HOURS}?age__bands=25,35", "age__bands", "bands_unused"),
        (f"{HOURS}?group_by=sex&age__bands=25,35", "age__bands", "bands_unused"),
        (f"{HOURS}?group_by=age&age__bands=35,25", "age__bands", "not_ascending"),
        (f"{HOURS}?group_by=age&age__bands=25,25", "age__bands", "repeated_value"),
        (f"{HOURS}?group_by=age&age__bands=25.5", "age__bands", "not_integer"),
        (f"{HOURS}?group_by=age&age__bands=", "age__bands", "wrong_length"),
        (
            f"{HOURS}?group_by=age&age__bands={','.join(map(str, range(51)))}",
            "age__bands",
            "wrong_length",
        ),
        (f"{HOURS}?group_by=sex&sex__bands=1,2", "sex__bands", "unknown_parameter"),
        ("/v1/crosstab/sex/income?age__bands=25,35", "age__bands", "bands_unused"),
        ("/v1/crosstab/fnlwgt/income", "fnlwgt__bands", "bands_required"),
        ("/v1/fairness/sex?age__bands=25,35", "age__bands", "bands_unused"),
        ("/v1/fairness/fnlwgt", "fnlwgt__bands", "bands_required"),
        ("/v1/fairness/age?age__bands=25,35&reference=17", "reference", "unknown_value"),
        ("/v1/comparison/age?group_by=sex&age__bands=9,12", "age__bands", "bands_unused"),
        ("/v1/comparison/age?group_by=fnlwgt", "fnlwgt__bands", "bands_required"),
        ("/v1/statistics?age__bands=25,35", "age__bands", "unknown_parameter"),
    ],
)
def test_errors(client: Client, url: str, parameter: str, code: str) -> None:
    (error,) = ask(client, url, status=400)["errors"]
    assert (error["parameter"], error["code"]) == (parameter, code)


def test_few_values_need_no_bands(client: Client) -> None:
    answer = ask(client, f"{HOURS}?group_by=fnlwgt&fnlwgt__lt=20000")
    assert all(group["key"]["fnlwgt"] < 20000 for group in answer["groups"])
