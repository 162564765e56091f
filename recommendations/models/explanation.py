"""Explanations written by language models, and the daily number of calls to these."""

from django.db import models

from catalog.models import User


class WrittenText(models.Model):
    """The explanation of one evidence by one explainer. Until it is written, `text` is the template's."""

    digest = models.CharField(
        max_length=64, primary_key=True, help_text="Keyed digest of the evidence, the explainer and the user."
    )
    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        related_name="written_texts",
        null=True,
        help_text="The user that the text addresses by name; empty if it fits all users with this evidence.",
    )
    evidence = models.JSONField(
        null=True, help_text="The evidence to explain; empty once the text is written."
    )
    text = models.TextField()
    source = models.CharField(max_length=16)
    is_done = models.BooleanField(default=False)
    asked_at = models.DateTimeField(help_text="When it was sent to the workers.")
    begun_at = models.DateTimeField(null=True, help_text="When a worker started on it.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()  # these rows are not shown to anybody

    def __str__(self) -> str:
        return self.digest


class ModelCalls(models.Model):
    """The number of calls by workers to language models on a day (UTC)."""

    day = models.DateField(primary_key=True)
    n_calls = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "model calls"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.n_calls} on {self.day}"
