"""What JSON Schema cannot say of several parameters, or of the items of one list.

A range and the cut points of bands ascend, bands are of a column that rows are grouped by, and
groups are standardised by other columns than those that make them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import schemathesis

# The parameters that name columns to group or to cross by; in `on`, `:` makes products of them.
NAMING = ("group_by", "on", "standardize", "layer")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Puts numbers in order, and leaves out what has nothing to apply to."""
    query = case.query or {}
    groups = set(_named(query, "group_by"))
    if not groups or groups & set(_named(query, "standardize")):
        query.pop("standardize", None)
    used = set(_named(query, *NAMING))
    if case.operation.path.startswith("/v1/crosstab/"):
        used |= set(map(str, case.path_parameters.values()))
    for name, value in list(query.items()):
        if name.endswith("__bands") and name.removesuffix("__bands") not in used:
            del query[name]
        elif name == "range" or name.endswith(("__range", "__bands")):
            query[name] = ascending(value)


def _named(query: Mapping[str, Any], *parameters: str) -> Iterator[str]:
    """Yields the columns that these parameters of the query name."""
    for parameter in parameters:
        value = query.get(parameter, [])
        for text in value if isinstance(value, list) else [value]:
            yield from re.split("[,:]", str(text))


def ascending(value: Any) -> Any:
    """Returns whole numbers in ascending order; anything else as it is."""
    if isinstance(value, list) and all(type(one) is int for one in value):
        return sorted(value)
    if isinstance(value, str):
        try:
            return ",".join(map(str, sorted(int(part) for part in value.split(","))))
        except ValueError:
            return value
    return value
