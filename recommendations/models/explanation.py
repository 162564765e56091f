"""What a model wrote, or is to write, for one evidence; and how often models were asked on a day."""

from django.db import models

from catalog.models import User


class WrittenText(models.Model):
    """The words for one evidence by one writer. While they are awaited, `text` is the template's."""

    digest = models.CharField(max_length=64, primary_key=True, help_text="Of the evidence and the writer.")
    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        related_name="written_texts",
        null=True,
        help_text="Whom it addresses by name; empty where it is for anybody of whom the same is known.",
    )
    evidence = models.JSONField(null=True, help_text="What is to be worded; empty once it is.")
    text = models.TextField()
    source = models.CharField(max_length=16)
    is_done = models.BooleanField(default=False)
    asked_at = models.DateTimeField(help_text="When it was handed to the workers.")
    begun_at = models.DateTimeField(null=True, help_text="When a worker took it.")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()  # nobody is shown them

    def __str__(self) -> str:
        return self.digest


class ModelCalls(models.Model):
    """How often workers asked a model on a day (UTC)."""

    day = models.DateField(primary_key=True)
    n_calls = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "model calls"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.n_calls} on {self.day}"
