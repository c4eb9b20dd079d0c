"""The answers of the metrics. A level is the whole selection or a group."""

from functools import cache
from typing import Any

from rest_framework import serializers

from census.api.serializers.fields import (
    Field,
    FiltersField,
    FlagsField,
    GroupKeyField,
    OptionsField,
    fields,
)
from census.columns import NUMERIC
from census.statistics.analyses.strata import CRUDE, EMPTY
from census.statistics.metrics import Metric


class LevelSerializer(serializers.Serializer[Any]):
    """The number of rows of a selection or a group, with and without a value."""

    rows = serializers.IntegerField(help_text="Selected rows.")
    count = serializers.IntegerField(help_text="Rows with a value of the column.")
    missing = serializers.IntegerField(help_text="Rows without a value: rows − count.")
    weighted_count = serializers.IntegerField(
        required=False, help_text="With a weight: Σw over the counted rows."
    )
    n_effective = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="With a weight: Kish's effective sample size (Σw)²/Σw².",
    )
    design_effect = serializers.FloatField(
        required=False, allow_null=True, help_text="With a weight: count / n_effective."
    )


class BandSerializer(serializers.Serializer[Any]):
    """A band of a numeric column: the integers in `[lower, upper)`; a null bound is open."""

    key = serializers.CharField()
    lower = serializers.IntegerField(allow_null=True)
    upper = serializers.IntegerField(allow_null=True)


class BandsSerializer(serializers.Serializer[Any]):
    """The bands of each banded column."""

    def get_fields(self) -> dict[str, Field]:
        return {column.name: BandSerializer(many=True, required=False) for column in NUMERIC}


class GroupSerializer(LevelSerializer):
    """A group: its key and its results."""

    key = GroupKeyField()


class LinksSerializer(serializers.Serializer[Any]):
    """The paths of this answer, of its other formats, and of related documents."""

    self = serializers.CharField(help_text="This answer, with the query in canonical spelling.")
    csv = serializers.CharField()
    svg = serializers.CharField(required=False)
    caveats = serializers.CharField()
    field = serializers.CharField(required=False)
    catalogue = serializers.CharField(required=False)


class AnswerSerializer(LevelSerializer):
    """The members of every answer that is computed from a selection of rows."""

    dataset = serializers.CharField(help_text="Version of the loaded data.")
    filters = FiltersField()
    weight = serializers.CharField(allow_null=True)
    method = serializers.CharField(help_text="The estimators, in words.")
    bands = BandsSerializer(required=False)
    links = LinksSerializer()


class ComputationSerializer(AnswerSerializer):
    """The answer of a metric. It has `groups` if and only if the request has `group_by`."""

    metric = serializers.CharField(help_text="The name or alias in the request.")
    column = serializers.CharField()
    group_by = serializers.ListField(child=serializers.CharField())
    parameters = OptionsField()
    dropped_groups = serializers.IntegerField(
        required=False, help_text="With `min_count`: groups left out because of too few rows."
    )


def _standardised_members() -> dict[str, Field]:
    """Returns the members that a group has in addition with `standardize`."""
    return {
        CRUDE: serializers.FloatField(
            required=False, allow_null=True, help_text="With `standardize`: the crude value."
        ),
        EMPTY: serializers.ListField(
            child=GroupKeyField(),
            required=False,
            help_text="With `standardize`: the strata in which the group has no rows.",
        ),
    }


@cache
def computation_serializer(metric: Metric) -> type[ComputationSerializer]:
    """Returns the serializer of a metric's answer, made from the members that it declares."""
    name = metric.name.title().replace("_", "")
    weighted = {key: member.optional() for key, member in metric.weighted_extras.items()}
    members = {**metric.extras, **weighted}
    group = type(
        f"{name}GroupSerializer",
        (GroupSerializer,),
        {
            **fields(members),
            **(_standardised_members() if metric.standardizable else {}),
            "flags": FlagsField(child=serializers.CharField()),
            "__doc__": f"{metric.label} of a group.",
        },
    )
    return type(
        f"{name}AnswerSerializer",
        (ComputationSerializer,),
        {
            **fields(members),
            "flags": FlagsField(child=serializers.CharField()),
            "groups": group(many=True, required=False),
            "__doc__": metric.description,
        },
    )
