"""Responses to requests with an Idempotency-Key, returned again when the request is repeated."""

from django.db import models
from django.db.models import Q

from core.text import MAX_LENGTH


class StoredAnswer(models.Model):
    caller = models.CharField(
        max_length=100, help_text="The owner of the key; other callers may use the same key."
    )
    key = models.CharField(max_length=MAX_LENGTH)
    request_digest = models.CharField(max_length=64, help_text="SHA-256 of the request's body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.BinaryField(default=b"", help_text="The response's body, compressed with zlib.")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()  # not shown in the admin
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="stored_answer_one_a_key"),
            models.CheckConstraint(condition=~Q(key=""), name="stored_answer_has_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.caller}"
