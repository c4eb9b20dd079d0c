"""Tables of the other answers: crosstabs, correlations, fairness, the codebook, records."""

from collections.abc import Mapping, Sequence
from typing import Any

from census.api.charts import words
from census.api.charts.words import MINUS
from census.columns import COLUMNS
from census.pages import numbers
from census.pages.tables.layout import (
    SMALL_NOTE,
    Cell,
    Heading,
    Row,
    Table,
    column_label,
    estimate,
    keys,
    label,
    people,
)

Answer = Mapping[str, Any]

MOST_RECORDS = 200
MOST_MEMBERS = 20
LARGE = 2  # an adjusted residual beyond which a cell stands out


def of_crosstab(answer: Answer) -> Table:
    """Returns the shares within each row and its number of people."""
    row, column = answer["row"], answer["column"]
    values = answer["column_values"]
    residuals = answer.get("adjusted_residuals")
    head = [
        Heading(column_label(row)),
        *(Heading(f"{label(column, value)}, %", number=True) for value in values),
        Heading("People", number=True),
    ]
    rows = []
    for i, value in enumerate(answer["row_values"]):
        cells = [
            Cell(
                numbers.percent(share),
                _sign(residuals[i][j]) if residuals else "",
                number=True,
            )
            for j, share in enumerate(answer["row_proportions"][i])
        ]
        count = sum(answer["counts"][i])
        rows.append(Row([Cell(label(row, value), head=True), *cells, people(count)]))
    total = answer["count"]
    if total and not answer.get("weight"):
        sums = [sum(line[j] for line in answer["counts"]) for j in range(len(values))]
        shares = [Cell(numbers.percent(n / total), number=True) for n in sums]
        rows.append(Row([Cell("All", head=True), *shares, people(total)], total=True))
    notes = [f"Shares within each row: each adds up to 100% over {column_label(column).lower()}."]
    if residuals:
        notes.append(
            f"+ and {MINUS}: more or fewer people than without any association "
            "(adjusted residual beyond ±2)."
        )
    if answer.get("excluded_missing"):
        notes.append(f"{answer['excluded_missing']:,} people without a value are left out.")
    return Table(head, rows, notes)


def _sign(residual: float | None) -> str:
    if residual is None or abs(residual) < LARGE:
        return ""
    return "+" if residual > 0 else MINUS


def of_correlation(answer: Answer) -> Table:
    columns = answer["columns"]
    note = f"{answer['coefficient'].title()}'s coefficient: from {MINUS}1 over 0, none, to 1."
    head = [Heading("Column"), *(Heading(column_label(name), number=True) for name in columns)]
    rows = [
        Row(
            [
                Cell(column_label(name), head=True),
                *(Cell(numbers.number(r, 3), number=True) for r in line),
            ]
        )
        for name, line in zip(columns, answer["matrix"], strict=True)
    ]
    return Table(head, rows, [note])


def of_fairness(answer: Answer) -> Table:
    """Returns each group's share of the outcome, and its difference and ratio to the reference."""
    head = [
        *(Heading(column_label(name)) for name in answer["columns"]),
        Heading("Share, %", number=True),
        Heading("Difference, points", number=True),
        Heading("Ratio", number=True),
        Heading("People", number=True),
    ]
    rows = []
    for group in answer["groups"]:
        reference = group["key"] == answer["reference"]
        rows.append(
            Row(
                [
                    *keys(group["key"]),
                    estimate(group, "base_rate", "ci", numbers.percent),
                    Cell("reference", number=True)
                    if reference
                    else estimate(group, "statistical_parity_difference", "spd_ci", points),
                    Cell("")
                    if reference
                    else estimate(
                        group, "disparate_impact", "di_ci", lambda v: numbers.number(v, 2)
                    ),
                    people(group["count"]),
                ]
            )
        )
    notes = ["Difference and ratio are with the reference group. Behind each: its interval."]
    if any(group["count"] < 30 for group in answer["groups"]):
        notes.append(SMALL_NOTE)
    return Table(head, rows, notes)


def points(share: float | None) -> str:
    """Returns a difference of shares in points, with its sign."""
    return numbers.signed(numbers.percent(share))


def of_statistics(answer: Answer) -> Table:
    """Returns a row of statistics for each column."""
    head = [
        Heading("Column"),
        *(
            Heading(text, number=True)
            for text in (
                "Missing",
                "Categories",
                "Smallest",
                "Mean",
                "Median",
                "Largest",
                "Std. deviation",
            )
        ),
    ]
    rows = []
    for one in answer["statistics"]:
        found = one["column_statistics"]
        n = numbers.number
        cells = [
            Cell(n(found.get("nan_count")), number=True),
            Cell(n(found.get("n_unique")), number=True),
            *(Cell(n(found.get(k)), number=True) for k in ("min", "mean", "median", "max", "std")),
        ]
        rows.append(Row([Cell(column_label(one["column_name"]), head=True), *cells]))
    return Table(head, rows)


def of_fields(answer: Answer, path: str) -> Table:
    """Returns a row for each column of the codebook."""
    head = [
        Heading("Column"),
        Heading("Name"),
        Heading("Meaning"),
        Heading("Values", number=True),
        Heading("Missing", number=True),
    ]
    rows = [
        Row(
            [
                Cell(one["label"], head=True, href=f"{path}/{one['name']}"),
                Cell(one["name"]),
                Cell(words.capital(one["description"].replace("`", ""))),
                Cell(numbers.number(one["distinct"]), number=True),
                Cell(numbers.number(one["missing"]), number=True),
            ]
        )
        for one in answer["fields"]
    ]
    return Table(head, rows)


def of_field(answer: Answer) -> Table:
    """Returns the categories of a column, or the facts of a numeric one."""
    if answer["categories"]:
        rows = [
            Row(
                [
                    Cell(one["label"], head=True),
                    Cell(one["value"]),
                    Cell(numbers.number(one["count"]), number=True),
                ]
            )
            for one in answer["categories"]
        ]
        head = [Heading(answer["label"]), Heading("Value"), Heading("People", number=True)]
        notes = [f"{answer['missing']:,} people without a value."] if answer["missing"] else []
        return Table(head, rows, notes)
    names = ("unit", "minimum", "maximum", "top_coded", "count", "missing", "distinct")
    facts = {name: answer[name] for name in names}
    if top := facts["top_coded"]:
        facts["top_coded"] = f"{top['value']:,} and more ({top['count']:,} people)"
    return of_mapping(facts)


def of_listing(answer: Answer) -> Table:
    """Returns the possible next parts of an address, each with a link."""
    rows = [
        Row(
            [
                Cell(one["label"], head=True, href=one["link"]),
                Cell(one["name"]),
                Cell(words.capital(one["description"].replace("`", ""))),
            ]
        )
        for one in answer["choices"]
    ]
    return Table([Heading("Choose"), Heading("Name"), Heading("What it is")], rows)


def of_catalogue(answer: Answer, path: str) -> Table:
    """Returns the metrics, each with a link to its columns."""
    head = [Heading("Statistic"), Heading("Name"), Heading("What it is"), Heading("Formula")]
    rows = [
        Row(
            [
                Cell(m["label"], head=True, href=f"{path}/{m['name']}"),
                Cell(m["name"]),
                Cell(m["description"].replace("`", "")),
                Cell(m["formula"]),
            ]
        )
        for m in answer["metrics"]
    ]
    return Table(head, rows)


def of_people(answer: Answer, path: str) -> Table:
    """Returns a row for each record."""
    results = answer["results"]
    names = list(results[0]) if results else []
    head = [
        Heading(
            "No." if n == "id" else column_label(n),
            number=n == "id" or (n in COLUMNS and COLUMNS[n].numeric),
        )
        for n in names
    ]
    shown = results[:MOST_RECORDS]
    rows = [Row([_fact(name, person[name], path) for name in names]) for person in shown]
    return Table(head, rows, left_out=len(results) - len(shown), kind="records")


def _fact(name: str, value: Any, path: str) -> Cell:
    if name == "id":
        return Cell(str(value), head=True, number=True, href=f"{path}/{value}")
    return Cell(
        label(name, value) if value is not None else "missing",
        number=name in COLUMNS and COLUMNS[name].numeric,
    )


def of_mapping(answer: Mapping[str, Any]) -> Table:
    """Returns a row for each member of an answer that has no table of its own."""
    rows = [
        Row([Cell(_name(name), head=True), Cell(_told(name, value), href=_address(value))])
        for name, value in answer.items()
    ]
    return Table([Heading("What"), Heading("Value")], rows, kind="pairs")


NAMES = {
    "doi": "DOI",
    "url": "URL",
    "sha256": "SHA-256",
    "md5": "MD5",
    "id": "No.",
    "datapackage": "Data Package",
    "top_coded": "Top code",
    "distinct": "Different values",
    "count": "People with a value",
}


def _name(name: str) -> str:
    return NAMES.get(name) or column_label(name)


def _address(value: Any) -> str:
    """Returns the value if it is an address, else an empty text."""
    found = isinstance(value, str) and value.startswith(("/", "https://")) and " " not in value
    return value if found else ""


def _told(name: str, value: Any, depth: int = 0) -> str:
    """Returns a value as text; deeply nested values are replaced by their number of entries."""
    if isinstance(value, Mapping):
        if depth > 1:
            return _many(value)
        inner = (f"{key}: {_told(key, part, depth + 1)}" for key, part in value.items())
        return "; ".join(inner)
    if isinstance(value, Sequence) and not isinstance(value, str):
        if depth:
            return _many(value)
        shown = [_told("", part, depth + 1) for part in value[:MOST_MEMBERS]]
        more = [f"and {len(value) - MOST_MEMBERS:,} more"] if len(value) > MOST_MEMBERS else []
        return "\n".join([*shown, *more])
    known = name in COLUMNS and not isinstance(value, bool)
    return label(name, value) if known else numbers.number(value)


def _many(values: Any) -> str:
    return f"{len(values):,} {'entry' if len(values) == 1 else 'entries'}"
