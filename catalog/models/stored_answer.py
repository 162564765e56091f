"""What a request with an Idempotency-Key was answered, to be given again when the same one comes again."""

from django.db import models
from django.db.models import Q

from core.text import MAX_LENGTH


class StoredAnswer(models.Model):
    caller = models.CharField(max_length=100, help_text="Whose key it is; another caller may use the same.")
    key = models.CharField(max_length=MAX_LENGTH)
    request_digest = models.CharField(max_length=64, help_text="Of the body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.BinaryField(default=b"", help_text="Packed with zlib.")
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()  # nobody is shown them
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="stored_answer_one_a_key"),
            models.CheckConstraint(condition=~Q(key=""), name="stored_answer_has_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.caller}"
