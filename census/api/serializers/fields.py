"""Additional serializer fields, and the fields of the members that `census.statistics` declares."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from census.columns import Column
from census.statistics.estimators.flags import FLAGS
from census.statistics.members import Items, Member
from census.statistics.selection import column_type

Field = serializers.Field[Any, Any, Any, Any]

COLUMN_VALUE = {"type": ["string", "integer", "null"]}


@extend_schema_field({"type": ["string", "integer"]})
class ValueField(serializers.Field[Any, Any, Any, Any]):
    """A value of a column: a string or an integer."""


@extend_schema_field(
    {"type": "object", "additionalProperties": COLUMN_VALUE}, component_name="GroupKey"
)
class GroupKeyField(serializers.DictField):
    """The values of the columns of `group_by`; null is a missing value."""


@extend_schema_field({"type": "array", "items": {"enum": list(FLAGS)}}, component_name="Flags")
class FlagsField(serializers.ListField):
    """The reasons why an estimate is unreliable by the standards of NCHS; it is not suppressed."""


@extend_schema_field({"type": "object", "additionalProperties": True}, component_name="Filters")
class FiltersField(serializers.DictField):
    """The filters of an answer, by parameter."""


@extend_schema_field({"type": "object", "additionalProperties": True}, component_name="Options")
class OptionsField(serializers.DictField):
    """The parameters of a metric, with the defaults."""


@extend_schema_field({"type": "object", "additionalProperties": True}, component_name="Document")
class DocumentField(serializers.DictField):
    """A document in another standard."""


def column_field(column: Column, **options: Any) -> Field:
    """Returns the field of a value of `column`."""
    if column.numeric:
        return serializers.IntegerField(
            min_value=column.minimum, help_text=column.description, **options
        )
    schema = column_type(column).schema()
    if column.nullable:
        schema = {"oneOf": [schema, {"type": "null"}]}
    field: Field = extend_schema_field(schema)(type("CategoryField", (serializers.CharField,), {}))(
        help_text=column.description, **options
    )
    return field


def matrix(child: type[Field], **options: Any) -> Field:
    """Returns the field of a matrix: a list of rows, which are lists."""
    rows = serializers.ListField(child=child(**options))
    return serializers.ListField(child=rows)


def fields(members: Mapping[str, Member]) -> dict[str, Field]:
    """Returns a serializer field for each of `members`, by name."""
    return {name: _field(member) for name, member in members.items()}


def _field(member: Member) -> Field:
    options: dict[str, Any] = {"required": member.required, "allow_null": member.nullable}
    if isinstance(member, Items):
        if member.members:
            return _objects(member)(many=True, **options)
        return serializers.ListField(child=_TYPES[member.type](), **options)
    return _TYPES[member.type](**options)


_TYPES: Mapping[str, type[Field]] = {
    "number": serializers.FloatField,
    "integer": serializers.IntegerField,
    "text": serializers.CharField,
    "boolean": serializers.BooleanField,
    "value": ValueField,
}
_OBJECTS: dict[str, tuple[Items, type[serializers.Serializer[Any]]]] = {}


def _objects(items: Items) -> type[serializers.Serializer[Any]]:
    """Returns the serializer of the objects in a list; lists of the same name share it."""
    if items.name not in _OBJECTS:
        name = f"{items.name}Serializer"
        new = type(name, (serializers.Serializer,), dict(fields(items.members or {})))
        _OBJECTS[items.name] = items, new
    declared, serializer = _OBJECTS[items.name]
    if declared.members != items.members:
        raise ValueError(f"Two lists are called {items.name}: give one of them another name.")
    return serializer
