"""Serializer fields that accept only the matching JSON type; REST framework's own convert other types."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.fields import get_error_detail


class FreeingField(serializers.Field[Any, Any, Any, Any]):
    """Field that frees the errors of its validators: Django's refer to themselves and to their stack."""

    def run_validators(self, value: Any) -> None:
        errors: list[Any] = []
        validator: Any
        for validator in self.validators:
            try:
                if getattr(validator, "requires_context", False):
                    validator(value, self)
                else:
                    validator(value)
            except serializers.ValidationError as error:
                errors.extend(error.detail)
            except ValidationError as error:
                errors.extend(get_error_detail(error))
                vars(error).clear()
        if errors:
            raise serializers.ValidationError(errors)


class StrictCharField(FreeingField, serializers.CharField):
    """A JSON string. REST framework's CharField accepts numbers, and trims before it checks the length."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """true or false; rejects 1, "yes" and "off"."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class StrictListField(serializers.ListField):
    """A JSON array. REST framework's ListField validates all elements before it checks their number."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError(
                f"Has {len(data):,} elements; at most {self.max_length:,} are allowed."
            )
        values: list[Any] = super().to_internal_value(data)
        return values
