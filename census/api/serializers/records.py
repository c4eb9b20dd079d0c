"""The records: pages of them and single ones."""

from typing import Any

from rest_framework import serializers

from census.api.serializers.fields import Field, column_field
from census.columns import COLUMNS

DATASET = "Version of the loaded data."


class RecordSerializer(serializers.Serializer[Any]):
    """A record; with `fields` only these columns."""

    def get_fields(self) -> dict[str, Field]:
        columns = {c.name: column_field(c, required=False) for c in COLUMNS.values()}
        identifier = serializers.IntegerField(min_value=1, required=False)
        return super().get_fields() | {"id": identifier} | columns


class PersonSerializer(RecordSerializer):
    """A record, with the dataset's version."""

    dataset = serializers.CharField(help_text=DATASET)


class PeopleSerializer(serializers.Serializer[Any]):
    """A page of records."""

    dataset = serializers.CharField(help_text=DATASET)
    count = serializers.IntegerField(help_text="Selected records, on all pages.")
    next = serializers.URLField(
        allow_null=True, help_text="Address of the next page; null on the last page."
    )
    previous = serializers.URLField(
        allow_null=True, help_text="Address of the previous page; null on the first page."
    )
    results = RecordSerializer(many=True)
