"""Fields that take JSON's own types: a text is a text, and neither 7 nor true is one."""

from typing import Any

from rest_framework import serializers


class Text(serializers.CharField):
    """A text. REST framework's own takes a number for its digits, and counts letters without blanks."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false; 1, "yes" and "off" are something else."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data
