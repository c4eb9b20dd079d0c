"""The same question in the words of other tools."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Snippet:
    name: str
    code: str


def snippets(json: str, csv: str) -> list[Snippet]:
    """Return code that asks at the addresses, which are percent-encoded and hold no quotes."""
    return [
        Snippet("curl", f"curl '{json}'"),
        Snippet("pandas", f'import pandas as pd\n\ntable = pd.read_csv("{csv}")'),
        Snippet("R", f'table <- read.csv("{csv}")'),
        Snippet(
            "JavaScript",
            f'const response = await fetch("{json}");\nconst answer = await response.json();',
        ),
    ]
