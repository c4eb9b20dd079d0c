"""Errors, as problem documents."""

from typing import Any

from rest_framework import serializers


class ProblemErrorSerializer(serializers.Serializer[Any]):
    parameter = serializers.CharField(help_text="The invalid parameter.")
    code = serializers.CharField(help_text="The kind of error, for programs.")
    detail = serializers.CharField(help_text="The error, for people.")
    allowed = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="The allowed values or names."
    )
    did_you_mean = serializers.CharField(required=False, help_text="What was probably meant.")


class ProblemSerializer(serializers.Serializer[Any]):
    """An error as a problem document (RFC 9457)."""

    type = serializers.CharField(help_text="Path of the page that explains this kind of error.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField(help_text="The path and query of the request.")
    errors = ProblemErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # the contract's name
