"""Ways out of an error: addresses of the page without it."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from census.pages.address import COLUMN, METRIC, address, changed, without

MOST = 12
Way = tuple[str, str]


def ways_out(error: Mapping[str, Any], query: QueryDict) -> list[Way]:
    """Return a text and an address for each way out of an error, the likeliest first."""
    name, meant = error["parameter"], error.get("did_you_mean")
    found = [] if name in (METRIC, COLUMN) else [(f"leave {name} out", without(query, name))]
    if error["code"] == "unknown_parameter":
        if meant:
            renamed = changed(without(query, name), meant, query.get(name, ""))
            found.insert(0, (f"{meant}={query.get(name, '')}", renamed))
    elif name in (METRIC, COLUMN) or error["code"] == "unknown_value":
        allowed = error.get("allowed", [])
        # Of a list only one value is wrong: there, naming another would lose the rest.
        values = (
            [] if "," in query.get(name, "") else dict.fromkeys([*filter(None, [meant]), *allowed])
        )
        found = [(value, changed(query, name, value)) for value in list(values)[:MOST]] + found
    return [(text, address(state)) for text, state in found]
