"""`python -m tools.readme [--check]`: writes README.md's tables of formulas from the code."""

import os
import sys
from pathlib import Path

import django

README = Path("README.md")
BEGIN = "<!-- {}: made by `make readme` from the code -->\n"
END = "<!-- end of {} -->\n"


def metrics() -> str:
    """Returns a Markdown table with a row for each metric."""
    from census.statistics.metrics import METRICS

    rows = ["| metric | of | parameters | weight | formula |", "|---|---|---|---|---|"]
    for metric in METRICS.values():
        aliases = (
            f" ({', '.join(f'`{alias}`' for alias in metric.aliases)})" if metric.aliases else ""
        )
        parameters = metric.parameters(metric.columns[0])
        cells = [
            f"`{metric.name}`{aliases}",
            "all columns" if len(metric.kinds) > 1 else f"{metric.kinds[0]} columns",
            ", ".join(f"`{parameter.name}`" for parameter in parameters),
            "yes" if metric.weightable else "no",
            _cell(metric.formula),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def measures() -> str:
    """Returns a Markdown table with a row for each measure of the table views."""
    from census.statistics.measures import MEASURES

    rows = ["| view | measure | formula |", "|---|---|---|"]
    for view, formulas in MEASURES.items():
        rows += [f"| {view} | `{name}` | {_cell(formula)} |" for name, formula in formulas.items()]
    return "\n".join(rows) + "\n"


def replaced(text: str, name: str, table: str) -> str:
    """Returns `text` with `table` between the marks called `name`."""
    begin, end = BEGIN.format(name), END.format(name)
    before, rest = text.split(begin)
    return f"{before}{begin}{table}{end}{rest.split(end)[1]}"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
    django.setup()
    text = README.read_text()
    new = replaced(replaced(text, "metrics", metrics()), "measures", measures())
    if "--check" in sys.argv[1:]:
        sys.exit(0 if new == text else "README.md's tables differ from the code: run make readme.")
    README.write_text(new)


if __name__ == "__main__":
    main()
