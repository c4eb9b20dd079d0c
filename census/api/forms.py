"""The form of a browsable page: the parameters that its route takes, and what was asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from census.columns import COLUMNS
from census.statistics.parameters import Parameter, Refused
from census.statistics.selection import FILTERS


@dataclass(frozen=True)
class Field:
    """A parameter as a form shows it: a list to choose from where it has `choices`."""

    name: str
    description: str
    choices: tuple[str, ...]
    value: str
    placeholder: str


@dataclass(frozen=True)
class Group:
    """Fields under a heading, open where one of them was asked for."""

    title: str
    fields: tuple[Field, ...]

    @property
    def open(self) -> bool:
        return any(field.value for field in self.fields)


def groups(parameters: Iterable[Parameter], query: Mapping[str, str]) -> list[Group]:
    """Return the parameters of a route: its own first, then the filters by column."""
    own: list[Field] = []
    filters: dict[str, list[Field]] = {}
    for parameter in parameters:
        if isinstance(parameter.type, Refused):
            continue
        chosen = FILTERS.get(parameter.name)
        title = chosen.column.name if chosen else ""
        (filters.setdefault(title, []) if chosen else own).append(_field(parameter, query))
    found = [Group("", tuple(own))] if own else []
    return found + [Group(COLUMNS[name].label, tuple(f)) for name, f in filters.items()]


def _field(parameter: Parameter, query: Mapping[str, str]) -> Field:
    schema: dict[str, Any] = parameter.schema()
    choices = ("true", "false") if schema.get("type") == "boolean" else schema.get("enum", ())
    default = parameter.default
    shown = ",".join(map(str, default)) if isinstance(default, list) else default
    return Field(
        parameter.name,
        parameter.description,
        tuple(choices),
        query.get(parameter.name, ""),
        parameter.example or ("" if shown is None else str(shown)),
    )
