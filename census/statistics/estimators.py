"""Provisional: only ratios, until the estimators land (replace this file by them)."""


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def n_effective(weights: int, squares: int) -> float | None:
    return weights * weights / squares if squares else None


def design_effect(count: int, weights: int, squares: int) -> float | None:
    return count * squares / (weights * weights) if weights else None
