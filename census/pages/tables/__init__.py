"""Answers as tables for people: labels, values with intervals, numbers of people, a total."""

from census.pages.tables.build import table_of
from census.pages.tables.layout import Cell, Heading, Row, Table

__all__ = ["Cell", "Heading", "Row", "Table", "table_of"]
