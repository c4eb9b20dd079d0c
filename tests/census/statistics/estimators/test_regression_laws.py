"""Laws of regressions, whatever the rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.census.statistics.estimators.patterns import by_term, linear, logistic

ROWS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 9), st.integers(1, 99)),
    min_size=1,
    max_size=40,
)


@given(ROWS)
@settings(max_examples=60)
def test_on_one_factor_the_fit_is_the_groups_means(rows: list[tuple[str, int, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["g", "y", "fnlwgt"])
    for errors in ("classical", "linearised"):
        found = linear(frame, "y", ["g"], errors)  # type: ignore[arg-type]
        of = by_term(found)
        for group, rows_of_group in frame.groupby("g"):
            w = rows_of_group.fnlwgt if errors == "linearised" else rows_of_group.fnlwgt * 0 + 1
            mean = (w * rows_of_group.y).sum() / w.sum()
            fitted = of["(intercept)"].estimate
            assert fitted is not None
            if group != found.references["g"]:
                fitted += of[f"g={group}"].estimate or 0.0
            assert fitted == pytest.approx(mean, abs=1e-12)


@given(ROWS)
@settings(max_examples=60)
def test_on_one_factor_the_fit_is_the_log_odds_ratio(rows: list[tuple[str, int, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["g", "y", "fnlwgt"])
    y = (frame.y > 4).astype(int)
    table = frame.assign(y=y).groupby("g").y.agg(["sum", "count"])
    mixed = table[(table["sum"] > 0) & (table["sum"] < table["count"])]
    found = logistic(frame, y.tolist(), ["g"])
    if 0 < y.sum() < len(y) and len(mixed):
        logits = np.log(mixed["sum"] / (mixed["count"] - mixed["sum"]))
        of, reference = by_term(found), found.references["g"]
        assert of["(intercept)"].estimate == pytest.approx(logits[reference], abs=1e-10)
        for group in set(mixed.index) - {reference}:
            difference = logits[group] - logits[reference]
            assert of[f"g={group}"].estimate == pytest.approx(difference, abs=1e-10)
    else:
        assert not found.fit.converged


@given(ROWS, st.integers(2, 1000))
@settings(max_examples=40)
def test_equal_weights_are_none(rows: list[tuple[str, int, int]], weight: int) -> None:
    frame = pd.DataFrame(rows, columns=["g", "y", "age"]).assign(fnlwgt=weight)
    plain, weighted = (linear(frame, "y", ["g", "age"], e) for e in ("classical", "linearised"))
    assert plain.fit.aliased == weighted.fit.aliased
    for name in ("r_squared", "adjusted_r_squared", "residual_standard_error"):
        expected = getattr(plain.fit, name)
        assert getattr(weighted.fit, name) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    for a, b in zip(plain.fit.coefficients, weighted.fit.coefficients, strict=True):
        assert a.estimate == pytest.approx(b.estimate, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_small_categories_beside_a_large_one_with_a_rare_outcome(seed: int, weighted: bool) -> None:
    """The first Newton steps go far beyond the maximum there, which has to be found all the same.

    On one factor it is known: the differences of the groups' log odds.
    """
    random = np.random.default_rng(seed)
    sizes = {"large": 2000, **{f"small {k}": random.integers(2, 30) for k in range(20)}}
    successes = {g: random.integers(1, 40 if g == "large" else n) for g, n in sizes.items()}
    frame = pd.DataFrame(
        [
            (g, place < successes[g], 1000 if g == "large" else 1 + len(g) * 20)
            for g, n in sizes.items()
            for place in range(n)
        ],
        columns=["g", "y", "fnlwgt"],
    )
    found = logistic(frame, frame.y.astype(int).tolist(), ["g"], weighted=weighted)
    assert found.fit.converged
    assert found.separated == []
    log_odds = {g: np.log(successes[g] / (n - successes[g])) for g, n in sizes.items()}
    for term, coefficient in by_term(found).items():
        of = log_odds["large"]
        expected = of if term == "(intercept)" else log_odds[term.removeprefix("g=")] - of
        assert coefficient.estimate == pytest.approx(expected, abs=1e-10)
