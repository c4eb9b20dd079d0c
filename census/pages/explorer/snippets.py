"""Code that fetches an answer in several languages."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from census.columns import COLUMNS, WEIGHT, canonical_name
from census.pages import downloads
from census.pages.asking import Answer
from census.pages.explorer import rcode, states


@dataclass(frozen=True)
class Snippet:
    name: str
    code: str


def snippets(request: HttpRequest, answer: Answer, state: QueryDict) -> list[Snippet]:
    """Returns code that fetches the answer and the selected people.

    Addresses are percent-encoded and hold no quotes.
    """
    json, csv = (request.build_absolute_uri(answer.address(suffix)) for suffix in ("", "csv"))
    people = {
        suffix: request.build_absolute_uri(_people(state, suffix)) for suffix in ("csv", "parquet")
    }
    return [
        Snippet(
            "pandas",
            "import pandas as pd\n\n"
            f'table = pd.read_csv("{csv}")\n'
            "# The people themselves\n"
            f'people = pd.read_csv("{people["csv"]}")',
        ),
        Snippet(
            "polars",
            "import polars as pl\n\n"
            f'table = pl.read_csv("{csv}")\n'
            "# The people themselves\n"
            f'people = pl.scan_parquet("{people["parquet"]}")',
        ),
        Snippet("R", rcode.code(people["csv"], csv, state)),
        Snippet(
            "DuckDB",
            f"FROM read_csv('{csv}');\n"
            "-- The people themselves\n"
            f"FROM read_parquet('{people['parquet']}');",
        ),
        Snippet("curl", f"curl -fsS '{json}'"),
        Snippet(
            "JavaScript",
            f'const response = await fetch("{json}");\nconst answer = await response.json();',
        ),
    ]


def _people(state: QueryDict, suffix: str) -> str:
    """Returns the address of the selected people with the columns that the question uses."""
    query = downloads.filters(state)
    query["fields"] = ",".join(used(state))
    return f"{reverse('person-list')}.{suffix}?{query.urlencode(safe=',')}"


def used(state: QueryDict) -> Sequence[str]:
    """Returns the columns that a question uses."""
    terms = [part for term in state.get(states.ON, "").split(",") for part in term.split(":")]
    names = [
        state.get(states.ROW, ""),
        state.get(states.COLUMN, ""),
        *states.groupings(state),
        *terms,
        WEIGHT.name if state.get("weight") else "",
    ]
    return list(dict.fromkeys(n for n in map(canonical_name, names) if n in COLUMNS))
