"""Covariate patterns of a data frame, as the database makes them of the people; fits of them."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from census.statistics.estimators.regression.inference import Coefficient
from census.statistics.estimators.regression.linear import Errors, Outcomes
from census.statistics.estimators.regression.model import (
    Covariate,
    LinearFit,
    LogisticFit,
    Model,
    Patterns,
    fit_linear,
    fit_logistic,
)

Frame = pd.DataFrame


def patterns(
    frame: pd.DataFrame, columns: Sequence[str], y: Sequence[int], weights: Sequence[int] | None
) -> Patterns:
    """Return the patterns of `columns` among the rows, with the exact sums of their outcomes."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    weights = weights if weights is not None else [1] * len(frame)
    for key, outcome, weight in zip(
        frame[list(columns)].itertuples(index=False, name=None), y, weights, strict=True
    ):
        square = weight * weight
        row = (1, weight, weight * outcome, weight * outcome**2)
        row = (*row, square, square * outcome, square * outcome**2)
        found = sums.setdefault(key, [0] * 7)
        for place, value in enumerate(row):
            found[place] += value
    of_each = [list(column) for column in zip(*sums.values(), strict=True)] or [[]] * 7
    n, w, wy, wy2, w2, w2y, w2y2 = of_each
    outcomes = Outcomes(n=n, w=w, wy=wy, wy2=wy2, w2=w2, w2y=w2y, w2y2=w2y2)
    return Patterns(list(map(list, zip(*sums, strict=True))) or [[] for _ in columns], outcomes)


def model(
    frame: pd.DataFrame, terms: Sequence[str], references: dict[str, Any] | None = None
) -> tuple[Model, list[str]]:
    """Return a model of terms as `on=` has them, and its columns; text is a category."""
    columns = list(dict.fromkeys(part for term in terms for part in term.split(":")))
    covariates = [
        Covariate(name)
        if pd.api.types.is_numeric_dtype(frame[name])
        else Covariate(
            name,
            {value: k for k, value in enumerate(sorted(set(frame[name])))},
            (references or {}).get(name),
        )
        for name in columns
    ]
    positions = [tuple(columns.index(part) for part in term.split(":")) for term in terms]
    return Model(covariates, positions), columns


def linear(
    frame: Frame,
    outcome: str,
    terms: Sequence[str],
    errors: Errors = "classical",
    references: dict[str, Any] | None = None,
) -> LinearFit:
    right, columns = model(frame, terms, references)
    weights = frame.fnlwgt.tolist() if errors == "linearised" else None
    found = patterns(frame, columns, frame[outcome].tolist(), weights)
    return fit_linear(right, found, errors, 0.95)


def logistic(
    frame: Frame,
    y: Sequence[int],
    terms: Sequence[str],
    *,
    weighted: bool = False,
    references: dict[str, Any] | None = None,
) -> LogisticFit:
    right, columns = model(frame, terms, references)
    weights = frame.fnlwgt.tolist() if weighted else None
    return fit_logistic(right, patterns(frame, columns, y, weights), 0.95, weighted=weighted)


def by_term(found: LinearFit | LogisticFit) -> dict[str, Coefficient]:
    return {coefficient.term: coefficient for coefficient in found.fit.coefficients}
