"""Write README.md's tables of formulas from the code: `python -m tools.readme [--check]`."""

import os
import sys
from pathlib import Path

import django

README = Path("README.md")
BEGIN = "<!-- {}: made by `make readme` from the code -->\n"
END = "<!-- end of {} -->\n"


def metrics() -> str:
    """Return a row for each metric: names, columns, parameters, weight, formula."""
    from census.statistics.metrics import METRICS

    rows = ["| metric | of | parameters | weight | formula |", "|---|---|---|---|---|"]
    for metric in METRICS.values():
        aliases = (
            f" ({', '.join(f'`{alias}`' for alias in metric.aliases)})" if metric.aliases else ""
        )
        own = metric.parameters(metric.columns[0])
        cells = [
            f"`{metric.name}`{aliases}",
            "all columns" if len(metric.kinds) > 1 else f"{metric.kinds[0]} columns",
            ", ".join(f"`{parameter.name}`" for parameter in own),
            "yes" if metric.weightable else "no",
            _cell(metric.formula),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def measures() -> str:
    """Return a row for each measure of a whole table: the view, its name, its formula."""
    from census.statistics.measures import MEASURES

    rows = ["| view | measure | formula |", "|---|---|---|"]
    for view, found in MEASURES.items():
        rows += [f"| {view} | `{name}` | {_cell(formula)} |" for name, formula in found.items()]
    return "\n".join(rows) + "\n"


def replaced(text: str, name: str, table: str) -> str:
    """Return the text with the table between the marks of that name."""
    begin, end = BEGIN.format(name), END.format(name)
    before, rest = text.split(begin)
    return f"{before}{begin}{table}{end}{rest.split(end)[1]}"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
    django.setup()
    text = README.read_text()
    made = replaced(replaced(text, "metrics", metrics()), "measures", measures())
    if "--check" in sys.argv[1:]:
        sys.exit(0 if made == text else "README.md's tables differ from the code: run make readme.")
    README.write_text(made)


if __name__ == "__main__":
    main()
