"""The summary of a load: the format and the splits of each file, compared with UCI's."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from census.choices import Split
from census.ingest.content import Content
from census.ingest.identity import UCI_CONTENT, UCI_ROWS
from census.ingest.sources.names import FILE_NAMES


def describe(
    content: Content, loaded: Sequence[Mapping[str, Any]], sha256: str
) -> list[dict[str, Any]]:
    """Returns a description of each file of `content`.

    `loaded` is `Dataset.files` of the loaded dataset and `sha256` its digest. They are used if
    `content` was not read because its files are the loaded ones.
    """
    files = content.files or loaded
    known = {(file["name"], file["split"]) for file in files if sha256 in UCI_CONTENT}
    known |= content.uci_rows
    return [
        {
            "name": input_file.file.name,
            "form": input_file.format.description,
            "left_out": list(input_file.format.left_out),
            "split_told_by": input_file.split_reason,
            "splits": [
                {
                    "split": file["split"],
                    "rows": file["rows"],
                    "uci": _compared(file, known),
                    "rows_more_than_uci": file["rows"] - UCI_ROWS[Split(file["split"])].rows,
                }
                for file in files
                if input_file.split in {None, file["split"]}
            ],
        }
        for input_file in content.inputs
    ]


def _compared(file: Mapping[str, Any], known: Container[tuple[str, str]]) -> str | None:
    """Returns "file" for exactly UCI's file, "rows" for its rows in another format, else None."""
    if file["authentic"]:
        return "file"
    return "rows" if (file["name"], file["split"]) in known else None


def summary_lines(inputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yields the lines of the descriptions for people."""
    for input_file in inputs:
        yield f"  file             {input_file['name']}: {input_file['form']}"
        for part in input_file["splits"]:
            yield f"    {part['split']:<14} {part['rows']:,} rows, {_of_uci(part)}"
        if input_file["split_told_by"] != "its name":
            yield f"    split          told by {input_file['split_told_by']}"
        if input_file["left_out"]:
            yield f"    left out       {', '.join(input_file['left_out'])}"


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
