"""Citations of an answer: the dataset, its version and the address."""

from census.metadata import about


def citations(version: str, address: str) -> list[tuple[str, str]]:
    """Returns the citation by style."""
    apa = f"{about.CITATION} Version {version}, retrieved from {address}"
    bibtex = (
        "@misc{adult1996,\n"
        f"  author = {{{' and '.join(reversed_name(name) for name in about.CREATORS)}}},\n"
        f"  title = {{{about.TITLE}}},\n"
        "  year = {1996},\n"
        "  publisher = {UCI Machine Learning Repository},\n"
        f"  doi = {{{about.DOI}}},\n"
        f"  version = {{{version}}},\n"
        f"  url = {{{address}}}\n"
        "}"
    )
    return [("APA", apa), ("BibTeX", bibtex)]


def reversed_name(name: str) -> str:
    """Returns "Barry Becker" as "Becker, Barry"."""
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}"
