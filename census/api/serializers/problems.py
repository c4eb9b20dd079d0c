"""Errors, as problem documents."""

from typing import Any

from rest_framework import serializers


class ProblemErrorSerializer(serializers.Serializer[Any]):
    parameter = serializers.CharField(help_text="The culprit.")
    code = serializers.CharField(help_text="For programs.")
    detail = serializers.CharField(help_text="For people.")
    allowed = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="What is allowed in its place."
    )
    did_you_mean = serializers.CharField(required=False, help_text="What was likely meant.")


class ProblemSerializer(serializers.Serializer[Any]):
    """An error, as RFC 9457 has it."""

    type = serializers.CharField(help_text="Path of a page that explains this kind of error.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(help_text="The path and query that were asked for.")
    errors = ProblemErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # the contract's name
