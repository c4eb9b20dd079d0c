"""What was read: for each file its form, its splits, and how it compares with UCI's."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from census.choices import Split
from census.ingest.content import Content
from census.ingest.identity import UCI_CONTENT, UCI_ROWS
from census.ingest.sources.names import FILE_NAMES


def describe(
    content: Content, loaded: Sequence[Mapping[str, Any]], sha256: str
) -> list[dict[str, Any]]:
    """Returns a description of each input of `content`.

    `loaded` are the files of the loaded dataset, as in `Dataset.files`, and `sha256` is its
    digest: if `content` was not read, its files are the same byte for byte.
    """
    files = content.files or loaded
    known = {(file["name"], file["split"]) for file in files if sha256 in UCI_CONTENT}
    known |= content.uci_rows
    return [
        {
            "name": given.file.name,
            "form": given.form.description,
            "left_out": list(given.form.left_out),
            "split_told_by": given.told_by,
            "splits": [
                {
                    "split": file["split"],
                    "rows": file["rows"],
                    "uci": _compared(file, known),
                    "rows_more_than_uci": file["rows"] - UCI_ROWS[Split(file["split"])].rows,
                }
                for file in files
                if given.split in {None, file["split"]}
            ],
        }
        for given in content.inputs
    ]


def _compared(file: Mapping[str, Any], known: Container[tuple[str, str]]) -> str | None:
    """Returns "file" for UCI's file byte by byte, "rows" for its rows in another form."""
    if file["authentic"]:
        return "file"
    return "rows" if (file["name"], file["split"]) in known else None


def for_people(inputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yields lines that say the same."""
    for given in inputs:
        yield f"  file             {given['name']}: {given['form']}"
        for part in given["splits"]:
            yield f"    {part['split']:<14} {part['rows']:,} rows, {_of_uci(part)}"
        if given["split_told_by"] != "its name":
            yield f"    split          told by {given['split_told_by']}"
        if given["left_out"]:
            yield f"    left out       {', '.join(given['left_out'])}"


def _of_uci(part: Mapping[str, Any]) -> str:
    name, more = FILE_NAMES[Split(part["split"])], part["rows_more_than_uci"]
    if part["uci"]:
        return "UCI's file" if part["uci"] == "file" else f"those of UCI's {name} in another form"
    if not more:
        return f"not UCI's file, but as many rows as UCI's {name} has"
    return (
        f"not UCI's file: {abs(more):,} rows {'more' if more > 0 else 'fewer'} than "
        f"the {UCI_ROWS[Split(part['split'])].rows:,} of UCI's {name}"
    )
