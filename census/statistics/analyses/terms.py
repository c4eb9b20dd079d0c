"""The right-hand side of a regression as a parameter: columns and products of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from census.columns import COLUMNS, WEIGHT, Column
from census.statistics.parameters import Choice, Invalid, ListOf, Parameter, Text, Type, shown
from census.statistics.selection import column_choice, column_type

MOST_TERMS = 10
MOST_FACTORS = 4
REFERENCE_SUFFIX = "__reference"
EXAMPLE = ("age", "education_num", "sex")


@dataclass(frozen=True)
class TermType(Type):
    """A column, or the product of some: `sex:age`; `age:age` is the square."""

    column: Choice

    def read(self, text: str) -> str:
        names = text.split(":", MOST_FACTORS)
        if len(names) > MOST_FACTORS:
            detail = f"{shown(text)} is a product of more than {MOST_FACTORS} columns."
            raise Invalid("wrong_length", detail)
        return ":".join(map(self.column.read, names))

    def schema(self) -> dict[str, Any]:
        name = f"({'|'.join(self.column.values)})"
        return {"type": "string", "pattern": f"^{name}(:{name}){{0,{MOST_FACTORS - 1}}}$"}

    def suggestions(self) -> Sequence[str]:
        return self.column.values


@dataclass(frozen=True)
class TermsType(ListOf):
    """Distinct terms, in which a product comes after each of its columns."""

    item: Type = field(kw_only=True)
    maximum: int = MOST_TERMS

    def read(self, text: str) -> list[str]:
        terms: list[str] = super().read(text)
        seen: set[tuple[str, ...]] = set()
        for term in terms:
            names = factors(term)
            # A product is the same in any order.
            if (key := tuple(sorted(names))) in seen:
                raise Invalid("repeated_value", f"`{term}` occurs more than once.")
            missing = [
                name for name in dict.fromkeys(names) if len(names) > 1 and (name,) not in seen
            ]
            if missing:
                parts = " and ".join(f"`{name}`" for name in missing)
                detail = f"`{term}` is a product of {parts}, which must come before it."
                raise Invalid("part_missing", detail, [f"{','.join(missing)},{term}"])
            seen.add(key)
        return terms


def on_parameter(outcome: Column | None, example: Sequence[str] = EXAMPLE) -> Parameter:
    """Returns the parameter `on` of a regression of `outcome`; None is any column."""
    columns = [column for column in COLUMNS.values() if column not in (WEIGHT, outcome)]
    column = column_choice(columns, "a column to regress on", "")
    return Parameter(
        "on",
        TermsType(item=TermType(column)),
        f"One to {MOST_TERMS} terms: columns, and products of columns with a colon, which come "
        "after their parts: `age,sex,sex:age`; `age:age` is the square. Categories, and numbers "
        "with `…__bands`, become dummies against a reference.",
        required=True,
        example=",".join(name for name in example if name in column.values),
    )


def reference_parameter(column: Column) -> Parameter:
    """Returns the parameter that names the reference of a category; a number refuses it."""
    parameter = Parameter(
        f"{column.name}{REFERENCE_SUFFIX}",
        column_type(column),
        f"The reference of {column.label.lower()} in a regression, a category or one of the bands; "
        "by default the largest of the rows used.",
    )
    if column.numeric:
        return parameter.refused(
            f"{column.name} is a number: give bands by `{column.name}__bands`."
        )
    return parameter


REFERRED = tuple(column for column in COLUMNS.values() if column != WEIGHT)
# Without bands.
REFERENCES = tuple(
    replace(reference_parameter(column), type=Text())
    if column.numeric
    else reference_parameter(column)
    for column in REFERRED
)


def factors(term: str) -> list[str]:
    """Returns the names of the columns that a term multiplies."""
    return term.split(":")


def columns_of(terms: Iterable[str]) -> list[Column]:
    """Returns the distinct columns of the terms, in order of appearance."""
    return [
        COLUMNS[name] for name in dict.fromkeys(name for term in terms for name in factors(term))
    ]


def repeated_categories(term: str, columns: Iterable[Column]) -> list[str]:
    """Returns the categories that a term multiplies by themselves."""
    categories = [column.name for column in columns if not column.numeric]
    return [name for name in categories if factors(term).count(name) > 1]


def references(columns: Iterable[Column], values: Mapping[str, Any]) -> dict[str, str]:
    """Returns the references that `values` has of these columns, by the column's name."""
    names = {f"{column.name}{REFERENCE_SUFFIX}": column.name for column in columns}
    return {names[name]: value for name, value in values.items() if name in names}


def unused_references(columns: Iterable[Column], values: Mapping[str, Any]) -> list[str]:
    """Returns the names of the references in `values` that are of none of these columns."""
    used = {f"{column.name}{REFERENCE_SUFFIX}" for column in columns}
    return [name for name in values if name.endswith(REFERENCE_SUFFIX) and name not in used]
