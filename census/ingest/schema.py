"""The columns of a file, read from the model. The readers get them as an argument."""

from census.columns import COLUMNS
from census.ingest.readers.columns import ColumnSpec, Schema
from census.models import Person

FILE_COLUMNS = tuple(column for column in COLUMNS.values() if column.name != Person.SPLIT)
SCHEMA = Schema(
    columns=tuple(
        ColumnSpec(
            name=column.name,
            nullable=column.nullable,
            categories=tuple(column.choices),
            minimum=column.minimum or 0,
            maximum=column.maximum or 0,
            dotted=column.name == Person.TARGET,
        )
        for column in FILE_COLUMNS
    ),
    split=ColumnSpec(Person.SPLIT, categories=tuple(COLUMNS[Person.SPLIT].choices)),
)
