"""Serializers that several APIs share, for the OpenAPI schema: references and problem details."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

Row = serializers.Serializer[Any]


@extend_schema_field(
    {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^([0-9]+|ext:.+)$"}]}
)
class Reference(serializers.Field):  # type: ignore[type-arg]
    """A row by its number, or as ext:<external id>."""


class FaultRow(Row):
    index = serializers.IntegerField(required=False, help_text="Which element of a list, from 0.")
    field = serializers.CharField(allow_null=True)
    value = serializers.JSONField(allow_null=True, help_text="What was sent, cut when long.")
    message = serializers.CharField(help_text="What would be right.")


class Problem(Row):
    """An error as RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FaultRow(many=True, required=False)  # type: ignore[assignment]
