"""What is sent to and answered by the token endpoints."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from core.text import ONE_LINE

Row = serializers.Serializer[Any]
LONGEST_TOKEN = 4_096
LONGEST_PASSWORD = 1_024


class _Strict(Row):
    """Refuses a field that it does not know, without naming it: by mistake, a name may be a secret."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and any(name not in self.fields for name in data):
            told = f"There is an unknown field; known: {', '.join(self.fields)}."
            raise serializers.ValidationError({"non_field_errors": [told]})
        return super().to_internal_value(data)


class PasswordInput(_Strict):
    """What one logs in with."""

    username = serializers.CharField(max_length=150, trim_whitespace=False, validators=[ONE_LINE])
    password = serializers.CharField(max_length=LONGEST_PASSWORD, trim_whitespace=False)


class RefreshInput(_Strict):
    """The token that goes on."""

    refresh = serializers.CharField(max_length=LONGEST_TOKEN)


class TokenInput(_Strict):
    """Any token."""

    token = serializers.CharField(max_length=LONGEST_TOKEN)


class PairRow(Row):
    access = serializers.CharField(help_text="To show: `Authorization: Bearer <access>`.")
    refresh = serializers.CharField(help_text="Good once, for the next pair.")
    expires_in = serializers.IntegerField(help_text="How many seconds the access token lives.")


class StandingRow(Row):
    token_type = serializers.ChoiceField(choices=["access", "shopper", "refresh"])
    expires_in = serializers.IntegerField(help_text="How many seconds it still lives.")
