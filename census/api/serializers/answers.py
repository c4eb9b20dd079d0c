"""The answers of the metrics: levels, which the whole selection and each group have alike."""

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
    """The rows of a selection or a group, and how many of them have a value."""

    rows = serializers.IntegerField(help_text="Rows selected.")
    count = serializers.IntegerField(help_text="Those with a value of the column.")
    missing = serializers.IntegerField(help_text="Those without: rows − count.")
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
    """A band of a number: the whole numbers in `[lower, upper)`, open where one is null."""

    key = serializers.CharField()
    lower = serializers.IntegerField(allow_null=True)
    upper = serializers.IntegerField(allow_null=True)


class BandsSerializer(serializers.Serializer[Any]):
    """The bands of each column that has some."""

    def get_fields(self) -> dict[str, Field]:
        return {column.name: BandSerializer(many=True, required=False) for column in NUMERIC}


class GroupSerializer(LevelSerializer):
    """A group: its key, and what is computed of its rows."""

    key = GroupKeyField()


class LinksSerializer(serializers.Serializer[Any]):
    """Paths of this answer, of its other formats, and of more to read."""

    self = serializers.CharField(help_text="This answer, its query in canonical spelling.")
    csv = serializers.CharField()
    svg = serializers.CharField(required=False)
    caveats = serializers.CharField()
    field = serializers.CharField(required=False)
    catalogue = serializers.CharField(required=False)


class AnswerSerializer(LevelSerializer):
    """What every answer computed from a selection of rows holds."""

    dataset = serializers.CharField(help_text="Version of the loaded data.")
    filters = FiltersField()
    weight = serializers.CharField(allow_null=True)
    method = serializers.CharField(help_text="The estimators in words.")
    bands = BandsSerializer(required=False)
    links = LinksSerializer()


class ComputationSerializer(AnswerSerializer):
    """The answer of a metric: `groups` are there exactly where `group_by` is given."""

    metric = serializers.CharField(help_text="As asked for: the name or an alias.")
    column = serializers.CharField()
    group_by = serializers.ListField(child=serializers.CharField())
    parameters = OptionsField()
    dropped_groups = serializers.IntegerField(
        required=False, help_text="With `min_count`: groups left out for having fewer rows."
    )


def _of_standardised() -> dict[str, Field]:
    """Returns what a group has beside its standardised value."""
    return {
        CRUDE: serializers.FloatField(
            required=False, allow_null=True, help_text="With `standardize`: the value without."
        ),
        EMPTY: serializers.ListField(
            child=GroupKeyField(),
            required=False,
            help_text="With `standardize`: strata of the whole selection that the group lacks.",
        ),
    }


@cache
def computation_serializer(metric: Metric) -> type[ComputationSerializer]:
    """Returns the serializer of a metric's answer, made of what the metric says of its levels."""
    name = metric.name.title().replace("_", "")
    weighted = {key: member.optional() for key, member in metric.weighted_extras.items()}
    members = {**metric.extras, **weighted}
    group = type(
        f"{name}GroupSerializer",
        (GroupSerializer,),
        {
            **fields(members),
            **(_of_standardised() if metric.standardizable else {}),
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
