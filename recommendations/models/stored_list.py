"""One user's recommendations as generated ahead, with all that tells whether they still hold."""

from django.db import models

from catalog.models import User


class StoredList(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="stored_lists")
    strategy = models.CharField(max_length=64)
    top_n = models.PositiveSmallIntegerField("asked for", help_text="How many products were asked for.")
    picks = models.JSONField(
        help_text="Best first: [product id, score, [[reason, value, points], …]], in thousandths of a point."
    )
    fallback = models.CharField(max_length=64, blank=True, default="")
    summary = models.TextField(blank=True, default="")
    explanation = models.TextField(blank=True, default="")
    explanation_source = models.CharField(max_length=16, blank=True, default="")
    explanation_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="Of the evidence that the explanation was written for.",
    )
    event_count = models.PositiveIntegerField("events", help_text="How many events the user had.")
    last_event_id = models.BigIntegerField("last event", default=0, help_text="The highest id among them.")
    digest = models.CharField(max_length=64, help_text="Of the strategy, its model and its settings.")
    generated_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "strategy"], name="stored_list_one_a_strategy")
        ]

    def __str__(self) -> str:
        return f"{self.strategy} for user {self.user_id}"
