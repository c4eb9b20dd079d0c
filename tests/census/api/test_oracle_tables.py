"""Answers about several columns against pandas, scipy, statsmodels and definitions."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tests.census import oracle
from tests.census.answers import ask

pytestmark = pytest.mark.django_db

SELECTIONS = [
    *("all", "ne", "isnull", "ordered", "complete", "split", "nothing", "one_person"),
    *("never_worked", "all_equal", "many"),
]
WEIGHTS = pytest.mark.parametrize("weighted", [False, True], ids=["counts", "weights"])


def assert_same(found: Any, wanted: Any, tolerance: float = 1e-12) -> None:
    problems = list(oracle.differences(found, wanted, tolerance))
    assert not problems, "\n".join(problems[:10])


def selected(adult: pd.DataFrame, name: str) -> tuple[str, pd.DataFrame]:
    query, mask = oracle.SELECTIONS[name]
    return query, adult[mask(adult)]


def number_or_none(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


# --- /v1/statistics ----------------------------------------------------------------------------


def hugging_face_bins(low: int, high: int) -> list[int]:
    """The rule of dataset-viewer's `generate_bins` for integers."""
    size = math.ceil((high - low + 1) / 10)
    return [*np.arange(low, high + 1, size).tolist(), high]


def profile(rows: pd.DataFrame, column: str, *, weighted: bool) -> dict[str, Any]:
    known = rows[rows[column].notna()]
    weights = known.fnlwgt if weighted else pd.Series(1, index=known.index)
    whole = int(rows.fnlwgt.sum()) if weighted else len(rows)
    missing = whole - int(weights.sum())
    found: dict[str, Any] = {
        "nan_count": len(rows) - len(known),
        "nan_proportion": missing / whole if whole else None,
    }
    if column in oracle.CATEGORICAL:
        counts = known[column].value_counts()
        found["n_unique"] = len(counts)
        found["frequencies"] = {k: int(v) for k, v in counts.items()}
        if weighted:
            sums = weights.groupby(known[column]).sum()
            found["weighted_frequencies"] = {k: int(v) for k, v in sums.items()}
        return found
    sample = oracle.Sample(rows, column, {}, weighted=weighted, whole=rows)
    found |= {
        "min": oracle.smallest(sample)["value"],
        "max": oracle.largest(sample)["value"],
        "mean": oracle.mean(sample)["value"],
        "median": oracle.median(sample)["value"],
        "std": oracle.std(sample)["value"],
    }
    if known.empty:
        return found | {"histogram": {"hist": [], "bin_edges": []}}
    edges = hugging_face_bins(found["min"], found["max"])
    return found | {
        "histogram": {
            "hist": np.histogram(known[column], edges)[0].tolist(),
            "bin_edges": edges,
        }
    }


@WEIGHTS
@pytest.mark.parametrize("selection", SELECTIONS)
def test_statistics(client: Client, adult: pd.DataFrame, selection: str, weighted: bool) -> None:
    query, rows = selected(adult, selection)
    answer = ask(client, "/v1/statistics", query, weighted=weighted)
    assert answer["num_examples"] == len(rows)
    assert answer["partial"] is False
    found = {c["column_name"]: c["column_statistics"] for c in answer["statistics"]}
    assert list(found) == oracle.COLUMNS
    for column in oracle.COLUMNS:
        wanted = profile(rows, column, weighted=weighted)
        assert_same(found[column], wanted, 1e-10 if weighted else 1e-12)
        if column in oracle.CATEGORICAL:
            assert set(found[column]["frequencies"]) == set(wanted["frequencies"])


# --- /v1/correlation ---------------------------------------------------------------------------


@WEIGHTS
@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("columns", [oracle.NUMERIC, ["hours_per_week", "age"]], ids=len)
def test_correlation(
    client: Client, adult: pd.DataFrame, selection: str, columns: list[str], weighted: bool
) -> None:
    query, rows = selected(adult, selection)
    asked = f"{query}&columns={','.join(columns)}" if query else f"columns={','.join(columns)}"
    answer = ask(client, "/v1/correlation", asked, weighted=weighted)
    assert (answer["rows"], answer["columns"]) == (len(rows), columns)
    for i, x in enumerate(columns):
        for j, y in enumerate(columns):
            found = answer["matrix"][i][j]
            if rows[x].nunique() < 2 or rows[y].nunique() < 2:
                assert found is None, (x, y)
                continue
            a, b = (rows[c].to_numpy().astype(np.longdouble) for c in (x, y))
            w = rows.fnlwgt.to_numpy().astype(np.longdouble) if weighted else np.ones_like(a)
            a, b = a - np.average(a, weights=w), b - np.average(b, weights=w)
            wanted = (w * a * b).sum() / np.sqrt((w * a * a).sum() * (w * b * b).sum())
            assert math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-15), (x, y)
            assert found == answer["matrix"][j][i]
            if not weighted:
                pearson = stats.pearsonr(rows[x], rows[y]).statistic if len(rows) > 2 else wanted
                assert math.isclose(found, pearson, rel_tol=1e-9, abs_tol=1e-13)


# --- /v1/crosstab ------------------------------------------------------------------------------

PAIRS = [
    ("sex", "income"),
    ("education", "race"),
    ("workclass", "occupation"),
    ("native_country", "income"),
    ("marital_status", "relationship"),
    ("sex", "sex"),
    ("split", "sex"),
]


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(("row", "column"), PAIRS)
def test_crosstab(
    client: Client, adult: pd.DataFrame, row: str, column: str, selection: str
) -> None:
    query, rows = selected(adult, selection)
    answer = ask(client, f"/v1/crosstab/{row}/{column}", query)
    table = pd.crosstab(rows[row], rows[column].rename("other"))
    table = table.loc[
        sorted(table.index, key=lambda v: oracle.rank(row, v)),
        sorted(table.columns, key=lambda v: oracle.rank(column, v)),
    ]
    counts = table.to_numpy()
    assert_same(
        answer,
        {
            "rows": len(rows),
            "count": int(counts.sum()),
            "excluded_missing": len(rows) - int(counts.sum()),
            "row_values": list(table.index),
            "column_values": list(table.columns),
            "counts": counts.tolist(),
            "row_proportions": (counts / counts.sum(axis=1, keepdims=True)).tolist(),
            "column_proportions": (counts / counts.sum(axis=0, keepdims=True)).tolist(),
        },
    )
    if min(counts.shape, default=0) < 2:
        assert answer["dof"] == 0
        nothing = ("chi2", "p_value", "log10_p", "cramers_v")
        assert [answer[name] for name in nothing] == [None] * 4
        return
    test = stats.chi2_contingency(counts, correction=False)
    cramer = math.sqrt(test.statistic / (counts.sum() * (min(counts.shape) - 1)))
    wanted = {
        "chi2": float(test.statistic),
        "dof": int(test.dof),
        "cramers_v": cramer,
        "min_expected": float(test.expected_freq.min()),
    }
    assert_same(answer, wanted)
    assert math.isclose(answer["p_value"], test.pvalue, rel_tol=1e-9, abs_tol=1e-300)


def rao_scott(
    rows: pd.DataFrame, row: str, column: str
) -> tuple[float, float, float, float] | None:
    """Rao and Scott's second-order corrected F as in R's survey, row by row (no sums per cell)."""
    known = rows.dropna(subset=[row, column])
    cells = known[row].astype(str) + "|" + known[column].astype(str)
    r, c, n = known[row].nunique(), known[column].nunique(), len(known)
    if min(r, c) < 2 or cells.nunique() < r * c:
        return None
    w = known.fnlwgt.to_numpy() / known.fnlwgt.sum()
    indicators = pd.get_dummies(cells).to_numpy().astype(float)
    p = w @ indicators
    scores = w[:, None] * (indicators - p)
    v = n / (n - 1) * scores.T @ scores
    names = sorted(cells.unique())
    one, two = (pd.factorize(pd.Series(names).str.split("|").str[k])[0] for k in (0, 1))
    main = np.column_stack(
        [np.ones(len(p)), *(one == k for k in range(1, r)), *(two == k for k in range(1, c))]
    )
    interaction = np.column_stack(
        [(one == a) & (two == b) for a in range(1, r) for b in range(1, c)]
    ).astype(float)
    weights = np.diag(p)
    # What is left of the interactions beside the main effects, by weighted least squares.
    x = (
        interaction
        - main
        @ np.linalg.lstsq(np.sqrt(weights) @ main, np.sqrt(weights) @ interaction, rcond=None)[0]
    )
    inverse = np.diag(1 / p)
    contrast = inverse @ (weights @ x)
    numerator = contrast.T @ v @ contrast
    denominator = contrast.T @ weights @ contrast / n
    delta = np.linalg.solve(denominator, numerator)
    expected = np.outer(
        [p[one == k].sum() for k in range(r)], [p[two == k].sum() for k in range(c)]
    )
    observed = np.array([[p[(one == a) & (two == b)].sum() for b in range(c)] for a in range(r)])
    x2 = n * ((observed - expected) ** 2 / expected).sum()
    trace, square = np.trace(delta), np.trace(delta @ delta)
    df1 = trace**2 / square
    df2 = df1 * (n - 1)
    f = x2 / trace
    return f, df1, df2, float(stats.f.sf(f, df1, df2))


@pytest.mark.parametrize("selection", ["all", "ne", "complete", "split", "is", "gt_lt"])
@pytest.mark.parametrize(
    ("row", "column"),
    [("sex", "income"), ("race", "income"), ("education", "sex"), ("race", "relationship")],
)
def test_weighted_crosstab(
    client: Client, adult: pd.DataFrame, row: str, column: str, selection: str
) -> None:
    query, rows = selected(adult, selection)
    answer = ask(client, f"/v1/crosstab/{row}/{column}", query, weighted=True)
    weights = pd.crosstab(rows[row], rows[column], values=rows.fnlwgt, aggfunc="sum").fillna(0)
    weights = weights.loc[answer["row_values"], answer["column_values"]].to_numpy()
    counts = pd.crosstab(rows[row], rows[column])
    counts = counts.loc[answer["row_values"], answer["column_values"]].to_numpy()
    assert_same(
        answer,
        {
            "counts": counts.tolist(),
            "weighted_counts": weights.astype(int).tolist(),
            "row_proportions": (weights / weights.sum(axis=1, keepdims=True)).tolist(),
            "column_proportions": (weights / weights.sum(axis=0, keepdims=True)).tolist(),
            "weighted_count": int(weights.sum()),
        },
        1e-10,
    )
    # Pearson's statistic stays that of the counts: never one of weighted counts.
    if min(counts.shape) > 1:
        chi2 = stats.chi2_contingency(counts, correction=False).statistic
        assert math.isclose(answer["chi2"], chi2, rel_tol=1e-12)
    wanted = rao_scott(rows, row, column)
    if wanted:
        names = ("rao_scott_f", "rao_scott_df1", "rao_scott_df2", "rao_scott_p")
        for name, value in zip(names, wanted, strict=True):
            assert math.isclose(answer[name], value, rel_tol=1e-9, abs_tol=1e-300), name


# --- /v1/fairness ------------------------------------------------------------------------------


def rate(positive: Any, weights: Any, *, weighted: bool) -> tuple[float, float | None]:
    """Returns the share of the favourable outcome and the variance of that estimate."""
    if not weighted:
        p = positive.mean()
        return p, p * (1 - p) / len(positive)
    value, error = oracle.linearised(positive.astype(np.longdouble), weights.astype(np.longdouble))
    return value, None if error is None else error**2


def compared(
    rows: pd.DataFrame, keys: Sequence[str], reference: dict[str, Any], outcome: str, weighted: bool
) -> Iterator[dict[str, Any]]:
    z = stats.norm.ppf(0.975)
    groups = [(key, of) for key, of in oracle.grouped(rows, keys)]
    rates = [
        rate((of.income == outcome).to_numpy(), of.fnlwgt.to_numpy(), weighted=weighted)
        for _, of in groups
    ]
    base = next(
        (r for (key, _), r in zip(groups, rates, strict=True) if key == reference), (None, None)
    )
    of_reference = next((of for key, of in groups if key == reference), rows[:0])
    successes, size = int((of_reference.income == outcome).sum()), len(of_reference)
    for (key, of), (p, variance) in zip(groups, rates, strict=True):
        k, n = int((of.income == outcome).sum()), len(of)
        wanted: dict[str, Any] = {"key": key, "rows": n, "count": n, "positives": k}
        wanted["base_rate"] = float(p)
        if not weighted:
            lower, upper = proportion_confint(k, n, method="wilson")
            wanted |= {"ci_lower": float(lower), "ci_upper": float(upper)}
        else:
            wanted["weighted_positives"] = int(of.fnlwgt[of.income == outcome].sum())
        if base[0] is None:
            yield wanted | {"statistical_parity_difference": None, "disparate_impact": None}
            continue
        if key == reference:
            yield wanted | {"statistical_parity_difference": 0.0, "disparate_impact": 1.0}
            continue
        wanted["statistical_parity_difference"] = float(p - base[0])
        wanted["disparate_impact"] = float(p / base[0]) if base[0] else None
        if variance is not None and base[1] is not None:
            error = math.sqrt(variance + base[1])
            wanted["spd_standard_error"] = error
            if weighted:
                margin = stats.t.ppf(0.975, n + size - 2) * error
                ends = (p - base[0] - margin, p - base[0] + margin)
            else:
                ends = confint_proportions_2indep(k, n, successes, size, method="newcomb")
            wanted["spd_ci_lower"], wanted["spd_ci_upper"] = map(float, ends)
            if p and base[0]:
                log_error = math.sqrt(variance / p**2 + base[1] / base[0] ** 2)
                wanted["di_ci_lower"] = float(p / base[0] * math.exp(-z * log_error))
                wanted["di_ci_upper"] = float(p / base[0] * math.exp(z * log_error))
        yield wanted


@WEIGHTS
@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize(
    ("columns", "reference", "outcome"),
    [
        ("sex", None, ">50K"),
        ("sex", "Female", "<=50K"),
        ("race", "Other", ">50K"),
        ("workclass", None, ">50K"),
        ("sex,race", "Male,White", ">50K"),
        ("native_country", None, ">50K"),
    ],
)
def test_fairness(
    client: Client,
    adult: pd.DataFrame,
    selection: str,
    columns: str,
    reference: str | None,
    outcome: str,
    weighted: bool,
) -> None:
    query, rows = selected(adult, selection)
    asked = [query] if query else []
    asked += [f"reference={reference}"] if reference else []
    asked += [f"outcome={outcome.replace('>', '%3E').replace('<', '%3C')}"]
    answer = ask(client, f"/v1/fairness/{columns}", "&".join(asked), weighted=weighted)
    keys = columns.split(",")
    sizes = [(key, len(of)) for key, of in oracle.grouped(rows, keys)]
    if reference:
        against = dict(zip(keys, reference.split(","), strict=True))
    else:
        against = max(sizes, key=lambda pair: pair[1])[0] if sizes else None
    assert answer["reference"] == against
    assert answer["outcome"] == outcome
    groups = list(compared(rows, keys, against, outcome, weighted)) if sizes else []
    tolerance = 1e-10 if weighted else 1e-12
    assert_same(answer["groups"], groups, tolerance)
    rates = [group["base_rate"] for group in groups]
    whole = (
        rate((rows.income == outcome).to_numpy(), rows.fnlwgt.to_numpy(), weighted=weighted)[0]
        if len(rows)
        else None
    )
    assert_same(
        answer,
        {
            "rows": len(rows),
            "base_rate": None if whole is None else float(whole),
            "demographic_parity_difference": max(rates) - min(rates) if rates else None,
            "demographic_parity_ratio": min(rates) / max(rates) if rates and max(rates) else None,
        },
        tolerance,
    )
