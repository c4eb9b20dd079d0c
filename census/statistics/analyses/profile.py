"""What each column holds: the fields of the dataset, and a profile of the rows selected."""

from dataclasses import dataclass
from typing import Any

from census.columns import COLUMNS, Column
from census.models import Dataset
from census.statistics import estimators, facts
from census.statistics.facts import Facts
from census.statistics.metrics.base import OWN_SAMPLE, Level, Tally
from census.statistics.selection import Selection


def fields() -> dict[str, Any]:
    """Returns `rows` and, by column name, what the column holds.

    Raises `DatasetMissing` where no dataset is loaded.
    """
    known = Dataset.objects.facts()
    return {
        "rows": known["rows"],
        "fields": {
            column.name: _field(column, known["rows"], known["columns"][column.name])
            for column in COLUMNS.values()
        },
    }


def _field(column: Column, rows: int, known: Facts) -> dict[str, Any]:
    top_coded = known.get("top_coded")
    frequencies = known["plain"].get("frequencies")
    return {
        "rows": rows,
        "count": known["count"],
        "missing": rows - known["count"],
        "distinct": known["distinct"],
        "minimum": known.get("minimum"),
        "maximum": known.get("maximum"),
        "top_coded": {"value": column.top_code, "count": top_coded} if top_coded else None,
        "categories": None
        if column.numeric
        else [
            {"value": value, "label": label, "count": frequencies.get(value, 0)}
            for value, label in column.choices.items()
        ],
    }


@dataclass(frozen=True)
class Statistics:
    """A profile of each column, in the shape of the Hugging Face dataset viewer's `/statistics`.

    It has the viewer's keys and its rule for bins of integers; nothing is rounded. With a weight
    moments, medians and shares are weighted, and there are weighted counts beside the counts.
    """

    selection: Selection

    @property
    def method(self) -> str:
        kind = "weighted " if self.selection.weight else ""
        sample = f"; {OWN_SAMPLE}" if self.selection.weight else ""
        return (
            f"{kind}mean, {kind}standard deviation with the factor n/(n−1) and {kind}median of the "
            f"rows with a value; histogram bins of width ⌈(max − min + 1)/10⌉{sample}"
        )

    def compute(self) -> Level:
        """Returns the profile, of the whole dataset from its stored facts, else by counting."""
        if self.selection.is_everything:
            known = Dataset.objects.facts()
        else:
            known = facts.count(self.selection)
        rows = known["rows"]
        total = Tally(rows, rows, known["weights"], known["squares"], known["weights"])
        return {
            **total.described(self.selection.weight),
            "num_examples": rows,
            "statistics": [
                {
                    "column_name": column.name,
                    "column_type": "int" if column.numeric else "string_label",
                    "column_statistics": self._column(column, known["columns"][column.name], rows),
                }
                for column in COLUMNS.values()
            ],
            "partial": False,
        }

    def _column(self, column: Column, known: Facts, rows: int) -> Level:
        sums = known[self._sums]
        level: Level = {
            "nan_count": rows - known["count"],
            "nan_proportion": estimators.mean(sums["missing"], sums["size"] + sums["missing"]),
        }
        return level | (self._number(known) if column.numeric else self._category(column, known))

    @property
    def _sums(self) -> str:
        return "weighted" if self.selection.weight else "plain"

    def _number(self, known: Facts) -> Level:
        sums = known[self._sums]
        size, x, xx = sums["size"], sums["x"], sums["xx"]
        histogram: Level = {"hist": known["plain"]["histogram"]}
        if self.selection.weight:
            histogram["weighted_hist"] = sums["histogram"]
        histogram["bin_edges"] = facts.integer_bins(known["minimum"], known["maximum"])
        return {
            "min": known["minimum"],
            "max": known["maximum"],
            "mean": estimators.mean(x, size),
            "median": sums["median"],
            "std": estimators.standard_deviation(known["count"], size, x, xx),
            "histogram": histogram,
        }

    def _category(self, column: Column, known: Facts) -> Level:
        names = {"frequencies": "plain"}
        if self.selection.weight:
            names["weighted_frequencies"] = "weighted"
        level: Level = {
            "no_label_count": 0,
            "no_label_proportion": 0.0,
            "n_unique": known["distinct"],
        }
        for name, sums in names.items():
            found = known[sums]["frequencies"]
            level[name] = {value: found[value] for value in column.choices if value in found}
        return level
