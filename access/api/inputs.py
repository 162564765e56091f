"""Serializers of the token endpoints' requests and responses."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from core.api.json_fields import StrictCharField
from core.text import validate_line

Row = serializers.Serializer[Any]
LONGEST_TOKEN = 4_096
LONGEST_PASSWORD = 1_024


class _Strict(Row):
    """A serializer that rejects unknown fields without naming them: a mistyped name may hold a secret."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and any(name not in self.fields for name in data):
            message = f"The body has an unknown field. Known fields: {', '.join(self.fields)}."
            raise serializers.ValidationError({"non_field_errors": [message]})
        return super().to_internal_value(data)


class PasswordInput(_Strict):
    """A username and password."""

    username = StrictCharField(max_length=150, trim_whitespace=False, validators=[validate_line])
    password = StrictCharField(max_length=LONGEST_PASSWORD, trim_whitespace=False)


class RefreshInput(_Strict):
    """A refresh token."""

    refresh = StrictCharField(max_length=LONGEST_TOKEN)


class TokenInput(_Strict):
    """A token of any type."""

    token = StrictCharField(max_length=LONGEST_TOKEN)


class PairRow(Row):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer <access>`.")
    refresh = serializers.CharField(help_text="Can be used once, to get the next pair.")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token expires.")


class StandingRow(Row):
    token_type = serializers.ChoiceField(choices=["access", "shopper", "refresh"])
    expires_in = serializers.IntegerField(help_text="Seconds until the token expires.")
