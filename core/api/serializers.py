"""Serializers shared by several APIs, for the OpenAPI schema: references and problem details."""

from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import Any, ClassVar, get_args

from rest_framework import serializers

Row = serializers.Serializer[Any]
_FIELDS: dict[Any, type[serializers.Field[Any, Any, Any, Any]]] = {
    int: serializers.IntegerField,
    float: serializers.FloatField,
    Decimal: serializers.FloatField,
    str: serializers.CharField,
    bool: serializers.BooleanField,
    datetime: serializers.DateTimeField,
}


class TypedRow(Row):
    """Serializer whose fields come from the types of a named tuple; declared fields replace them.

    types: the type of each field, by name
    """

    types: ClassVar[dict[str, Any]]

    def get_fields(self) -> dict[str, Any]:
        return {**{name: _field(kind) for name, kind in self.types.items()}, **super().get_fields()}


def _field(kind: Any) -> serializers.Field[Any, Any, Any, Any]:
    """Return the serializer field for a type: one of _FIELDS, an optional one, or a tuple of strings.

    Others must be declared; they become a JSON value here.
    """
    if kind == tuple[str, ...]:
        return serializers.ListField(child=serializers.CharField())
    if NoneType in get_args(kind):
        (kind,) = set(get_args(kind)) - {NoneType}
        return _FIELDS[kind](allow_null=True)
    return _FIELDS.get(kind, serializers.JSONField)()


class Reference(serializers.Field):  # type: ignore[type-arg]
    """A row's numeric id, or ext:<external id>: the component `Id` of the schema."""


def validated(serializer: Any) -> dict[str, Any]:
    """Return the validated values of a serializer, which cannot be used any more. Raises ValidationError.

    A serializer and its fields refer to each other, so all that they hold would stay in memory until the
    garbage collector finds them.
    """
    try:
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values
    finally:
        for field in serializer.fields.values():
            if child := getattr(field, "child", None):
                child.parent = None
        vars(serializer).clear()


class FaultRow(Row):
    index = serializers.IntegerField(
        required=False, help_text="The position of the element in the list, from 0."
    )
    field = serializers.CharField(allow_null=True)
    value = serializers.JSONField(allow_null=True, help_text="The value sent, shortened if it is long.")
    message = serializers.CharField(help_text="What is wrong and what is allowed.")


class Problem(Row):
    """An error as RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FaultRow(many=True, required=False)  # type: ignore[assignment]
