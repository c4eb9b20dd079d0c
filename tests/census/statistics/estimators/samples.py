"""Samples for tests of pure functions: values with weights, and the sums of them."""

import numpy as np
import pytest

from census.statistics.estimators import Sums


def close(expected: float, rel: float = 1e-11) -> object:
    return pytest.approx(expected, rel=rel, abs=0)


def sample(seed: int, n: int, high: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return n whole values and as many weights."""
    random = np.random.default_rng(seed)
    return random.integers(0, high, n) + seed, random.integers(1, 1000, n)


def sums_of(x: np.ndarray, w: np.ndarray) -> tuple[Sums, int]:
    """Return the sums of x by w, and Σwx²."""
    x, w = x.astype(object), w.astype(object)
    sums = Sums(
        n=len(x),
        w=int(w.sum()),
        wx=int((w * x).sum()),
        w2=int((w * w).sum()),
        w2x=int((w * w * x).sum()),
        w2x2=int((w * w * x * x).sum()),
    )
    return sums, int((w * x * x).sum())


def linearised(x: np.ndarray, w: np.ndarray) -> tuple[float, float]:
    """Return the weighted mean and its linearised standard error, from the rows themselves."""
    mean = (w * x).sum() / w.sum()
    parts = w * (x - mean) / w.sum()
    return float(mean), float(np.sqrt(len(x) / (len(x) - 1) * (parts**2).sum()))
