"""Pictures of answers: one Vega-Lite definition each, with its data inline.

The definition is what `format=vega` gives, what the page at `/` draws with vega-embed and what
vl-convert draws as SVG and PNG.
"""

from census.api.charts.computations import of_computation
from census.api.charts.regressions import of_decomposition, of_oaxaca, of_regression
from census.api.charts.style import Spec, narrowed
from census.api.charts.tables import of_comparison, of_correlation, of_crosstab, of_fairness

__all__ = [
    "Spec",
    "narrowed",
    "of_comparison",
    "of_computation",
    "of_correlation",
    "of_crosstab",
    "of_decomposition",
    "of_fairness",
    "of_oaxaca",
    "of_regression",
]
