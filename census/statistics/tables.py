"""Correlations of numeric columns."""

from dataclasses import dataclass
from itertools import product

from django.db.models import Expression, Q

from census.columns import NUMERIC, Column
from census.statistics import estimators
from census.statistics.aggregates import power_sum
from census.statistics.metrics.base import Level, Tally
from census.statistics.parameters import ListOf, Parameter
from census.statistics.selection import Selection, column_choice

CORRELATED = Parameter(
    "columns",
    ListOf(
        column_choice(NUMERIC, "a numeric column", "NumericColumn"),
        minimum=2,
        maximum=len(NUMERIC),
    ),
    "Numeric columns, in the order of the matrix; by default all.",
    default=[column.name for column in NUMERIC],
    example="age,hours_per_week",
)


@dataclass(frozen=True)
class Correlation:
    """Pearson's correlations of numeric columns, over the rows complete in them."""

    columns: tuple[Column, ...]
    selection: Selection

    @property
    def method(self) -> str:
        kind = "weighted " if self.selection.weight else ""
        return f"{kind}product-moment correlation (Pearson) of the rows complete in all columns"

    def compute(self) -> Level:
        """Return the matrix, by one statement; null where a column is constant."""
        weight = self.selection.weight
        names = [column.name for column in self.columns]
        sums = self.selection.whole(**self._aggregates())
        tally = Tally.of(sums)
        return {
            **tally.described(weight),
            "columns": names,
            "matrix": [
                [
                    estimators.correlation(
                        tally.weights if weight else tally.count,
                        sums[f"sum_{x.name}"],
                        sums[f"sum_{y.name}"],
                        sums[f"sum_{x.name}_{x.name}"],
                        sums[f"sum_{x.name}_{y.name}"],
                        sums[f"sum_{y.name}_{y.name}"],
                    )
                    for y in self.columns
                ]
                for x in self.columns
            ],
        }

    def _aggregates(self) -> dict[str, Expression]:
        weight = self.selection.weight
        factors = [weight] if weight else []
        conditions = [(f"{c.name}__isnull", False) for c in self.columns if c.nullable]
        complete = Q(*conditions) if conditions else None
        aggregates = Tally.aggregates(weight, complete)
        for x in self.columns:
            aggregates[f"sum_{x.name}"] = power_sum([*factors, x], complete)
        for x, y in product(self.columns, repeat=2):
            aggregates[f"sum_{x.name}_{y.name}"] = power_sum([*factors, x, y], complete)
        return aggregates
