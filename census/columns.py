"""The columns of the dataset, read from the model. Only this module reads `Person._meta`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from census.models import Person

Kind = Literal["numeric", "categorical"]
Role = Literal["feature", "weight", "target", "split"]


@dataclass(frozen=True)
class Column:
    """A column of the dataset.

    `minimum` and `maximum` are the bounds of its allowed values, not of those that occur; None
    for a categorical column. `choices` maps each category to its label, in the column's order;
    it is empty for a numeric column.
    """

    name: str
    label: str
    description: str
    kind: Kind
    role: Role
    unit: str | None
    ordered: bool
    nullable: bool
    choices: Mapping[str, str]
    minimum: int | None
    maximum: int | None
    top_code: int | None

    @property
    def numeric(self) -> bool:
        return self.kind == "numeric"

    @property
    def type(self) -> Literal["integer", "string"]:
        return "integer" if self.numeric else "string"

    @property
    def meaning(self) -> str:
        """The description, with the unit if the description does not contain it."""
        if self.unit is None or self.unit in self.description:
            return self.description
        return f"{self.description} In {self.unit}."

    @property
    def source_name(self) -> str | None:
        """UCI's spelling of the name; None for `split`, which is no column of UCI's files."""
        return None if self.role == "split" else self.name.replace("_", "-")

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """The position of each category in the column's order."""
        return {value: position for position, value in enumerate(self.choices)}

    def sort_key(self, value: str | int | None, *, descending: bool = False) -> tuple[bool, int]:
        """Returns a key that sorts values in the column's order, null always last."""
        if value is None:
            return True, 0
        rank = self.rank[value] if isinstance(value, str) else value
        return False, -rank if descending else rank


def _role(name: str) -> Role:
    roles: dict[str, Role] = {
        Person.WEIGHT: "weight",
        Person.TARGET: "target",
        Person.SPLIT: "split",
    }
    return roles.get(name, "feature")


def _bounds(field: "models.Field[Any, Any]") -> tuple[int, int]:
    """Returns the smallest and largest integer that the field's validators allow.

    Django adds the bounds of the database type to those that the model declares.
    """
    lows = [v.limit_value for v in field.validators if isinstance(v, MinValueValidator)]
    highs = [v.limit_value for v in field.validators if isinstance(v, MaxValueValidator)]
    return max(lows), min(highs)


def _column(field: "models.Field[Any, Any]") -> Column:
    numeric = isinstance(field, models.IntegerField)
    minimum, maximum = _bounds(field) if numeric else (None, None)
    return Column(
        name=field.name,
        label=str(field.verbose_name),
        description=str(field.help_text),
        kind="numeric" if numeric else "categorical",
        role=_role(field.name),
        unit=Person.UNITS.get(field.name),
        ordered=numeric or field.name in Person.ORDERED,
        nullable=field.null,
        choices=MappingProxyType(dict(field.flatchoices)),
        minimum=minimum,
        maximum=maximum,
        top_code=Person.TOP_CODES.get(field.name),
    )


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {field.name: _column(field) for field in Person._meta.fields if not field.primary_key}
)
NUMERIC = tuple(column for column in COLUMNS.values() if column.numeric)
CATEGORICAL = tuple(column for column in COLUMNS.values() if not column.numeric)
NULLABLE = tuple(column for column in COLUMNS.values() if column.nullable)
WEIGHT = COLUMNS[Person.WEIGHT]
# Column names by UCI's spelling.
SOURCE_NAMES: Mapping[str, str] = MappingProxyType(
    {column.source_name: column.name for column in COLUMNS.values() if column.source_name}
)


def canonical_name(name: str) -> str:
    """Returns the name of a column in the API's spelling: `hours-per-week` as `hours_per_week`.

    A lookup may follow the name. Other names are returned unchanged.
    """
    column, underscores, lookup = name.partition("__")
    return SOURCE_NAMES.get(column, column) + underscores + lookup
