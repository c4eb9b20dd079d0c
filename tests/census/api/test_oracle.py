"""Every metric of every column, with selections, groups and weights, against the oracle."""

from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
from django.test import Client

from tests.census import oracle

pytestmark = pytest.mark.django_db

# Metric and options; the columns are those that it applies to.
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("count", {}),
    ("missing", {}),
    ("distinct", {}),
    ("mean", {}),
    ("mean", {"confidence": 0.9}),
    ("sum", {}),
    ("min", {}),
    ("max", {}),
    ("median", {}),
    ("quantiles", {}),
    ("quantiles", {"q": "0,0.1,0.333,0.9,1"}),
    ("std", {}),
    ("std", {"ddof": 0}),
    ("variance", {}),
    ("variance", {"ddof": 0}),
    ("skewness", {}),
    ("skewness", {"bias": "true"}),
    ("kurtosis", {}),
    ("kurtosis", {"bias": "true"}),
    ("gini", {}),
    ("gini", {"confidence": 0.8}),
    ("lorenz", {}),
    ("lorenz", {"q": "0,0.25,0.5,1"}),
    ("mode", {}),
    ("distribution", {}),
    ("distribution", {"bins": 7}),
    ("distribution", {"bins": 13, "range": "16.7,61"}),
    ("distribution", {"bins": "values", "range": "16.7,61"}),
]
ONE_OF = {
    "workclass": "Never-worked",
    "education": "Doctorate",
    "marital_status": "Married-civ-spouse",
    "occupation": "Armed-Forces",
    "relationship": "Wife",
    "race": "Black",
    "sex": "Male",
    "native_country": "Trinadad&Tobago",
    "income": ">50K",
    "split": "train",
}


def cases() -> list[tuple[str, str, dict[str, Any]]]:
    found = [
        (metric, column, options)
        for metric, options in ASKED
        for column in oracle.COLUMNS
        if column in oracle.NUMERIC or (metric in oracle.ANY_COLUMN and not options)
    ]
    return found + [
        ("proportion", column, {"value": value, **options})
        for column, value in ONE_OF.items()
        for options in ({}, {"confidence": 0.5})
    ]


CASES = cases()
NAMES = list(oracle.SELECTIONS)
# Four selections for each, in turn: each meets each metric and each column.
CHOSEN = [
    (*case, NAMES[(number + 6 * step) % len(NAMES)], 4 * number + step)
    for number, case in enumerate(CASES)
    for step in range(4)
]


def wanted(
    metric: str,
    column: str,
    options: dict[str, Any],
    rows: pd.DataFrame,
    keys: tuple[str, ...],
    *,
    weighted: bool,
) -> dict[str, Any]:
    def level(of: pd.DataFrame) -> dict[str, Any]:
        sample = oracle.Sample(of, column, options, weighted=weighted, whole=rows)
        return oracle.level(sample, metric)

    groups = [{"key": key, **level(of)} for key, of in oracle.grouped(rows, keys)] if keys else []
    return level(rows) | ({"groups": groups} if keys else {})


@pytest.mark.parametrize(
    ("metric", "column", "options", "selection", "turn"), CHOSEN, ids=lambda part: str(part)
)
def test_equals_the_oracle(
    client: Client,
    adult: pd.DataFrame,
    metric: str,
    column: str,
    options: dict[str, Any],
    selection: str,
    turn: int,
) -> None:
    query, mask = oracle.SELECTIONS[selection]
    rows = adult[mask(adult)]
    problems = []
    # The groups change from case to case, so that each meets each metric, column and selection.
    for number, weighted in enumerate((False, True)):
        keys = oracle.GROUPS[(turn + 3 * number) % len(oracle.GROUPS)]
        asked = [query] if query else []
        asked += [f"{name}={quote(str(value))}" for name, value in options.items()]
        asked += [f"group_by={','.join(keys)}"] if keys else []
        asked += ["weight=fnlwgt"] if weighted else []
        url = f"/v1/computation/{metric}/{column}?{'&'.join(asked)}"
        response = client.get(url)
        assert response.status_code == 200, (url, response.content)
        tolerance = 1e-10 if weighted else 1e-12
        if metric in oracle.CURVED:
            tolerance = 1e-8
        right = wanted(metric, column, options, rows, keys, weighted=weighted)
        answer = response.json()
        assert ("groups" in answer) == bool(keys), url
        problems += [f"{url} {d}" for d in oracle.differences(answer, right, tolerance)]
    assert not problems, "\n".join(problems[:10])
