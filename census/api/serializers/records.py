"""The records, as pages and one by one."""

from typing import Any

from rest_framework import serializers

from census.api.serializers.fields import Field, column_field
from census.columns import COLUMNS

DATASET = "Version of the loaded data."


class RecordSerializer(serializers.Serializer[Any]):
    """A record; only the columns in `fields` where that is given."""

    def get_fields(self) -> dict[str, Field]:
        columns = {c.name: column_field(c, required=False) for c in COLUMNS.values()}
        identifier = serializers.IntegerField(min_value=1, required=False)
        return super().get_fields() | {"id": identifier} | columns


class PersonSerializer(RecordSerializer):
    """A record, and which dataset it is of."""

    dataset = serializers.CharField(help_text=DATASET)


class PeopleSerializer(serializers.Serializer[Any]):
    """A page of records."""

    dataset = serializers.CharField(help_text=DATASET)
    count = serializers.IntegerField(help_text="Records selected, on all pages.")
    next = serializers.URLField(
        allow_null=True, help_text="Address of the next page; null on the last."
    )
    previous = serializers.URLField(
        allow_null=True, help_text="Address of the page before; null on the first."
    )
    results = RecordSerializer(many=True)
