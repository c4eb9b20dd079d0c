"""Write README.md's table of metrics from the registry: `python -m tools.readme [--check]`."""

import os
import sys
from pathlib import Path

import django

README = Path("README.md")
BEGIN = "<!-- metrics: made by `make readme` from the registry -->\n"
END = "<!-- end of metrics -->\n"


def table() -> str:
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
            metric.formula.replace("|", "\\|"),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adultapi.settings")
    django.setup()
    text = README.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    made = f"{before}{BEGIN}{table()}{END}{after}"
    if "--check" in sys.argv[1:]:
        sys.exit(
            0 if made == text else "README.md's metrics differ from the code: run make readme."
        )
    README.write_text(made)


if __name__ == "__main__":
    main()
