"""The metrics, in the order of the catalogue."""

from census.statistics.metrics import (  # noqa: F401, I001  (registration, in this order)
    counts,
    location,
    quantiles,
    spread,
    shares,
    inequality,
)
from census.statistics.metrics.base import CONFIDENCE, METRICS, Metric, Question, find, names

__all__ = ["CONFIDENCE", "METRICS", "Metric", "Question", "find", "names"]
