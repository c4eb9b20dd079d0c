"""What JSON Schema cannot say: a range ascends, and bands are of a column that is grouped by."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Turns ranges round that descend, and leaves out bands of columns that nothing groups by."""
    query = case.query or {}
    grouped = str(query.get("group_by", ""))
    for name, value in list(query.items()):
        if name == "range" or name.endswith("__range"):
            query[name] = in_order(value)
        elif name.endswith("__bands") and name.removesuffix("__bands") not in grouped:
            del query[name]


def in_order(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value):
        return sorted(value)
    if isinstance(value, str):
        try:
            return ",".join(map(str, sorted(int(part) for part in value.split(","))))
        except ValueError:
            return value
    return value
