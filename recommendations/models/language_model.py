"""What the server of the language models said of each of them when it was asked last."""

from django.db import models


class LanguageModel(models.Model):
    """One model of OPENAI_MODEL, as the server describes it."""

    class State(models.TextChoices):
        AVAILABLE = "available"
        ENDING = "ending"
        MISSING = "missing"
        UNKNOWN = "unknown"

    place = models.PositiveSmallIntegerField(
        "order",
        primary_key=True,
        help_text="Its place in OPENAI_MODEL: the first that the server has is asked.",
    )
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=State.choices)
    ends_on = models.DateField(
        "announced end", null=True, help_text="The day on which the server will stop offering it."
    )
    detail = models.CharField(max_length=300)
    checked_at = models.DateTimeField("checked")

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name
