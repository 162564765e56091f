"""A user's stored recommendations, with the versions that show whether they are still valid."""

from django.db import models

from catalog.models import User


class StoredList(models.Model):
    """The list that one strategy generated for one user."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="stored_lists")
    strategy = models.CharField(max_length=64)
    top_n = models.PositiveSmallIntegerField("products requested", help_text="Number of products requested.")
    picks = models.JSONField(
        help_text="Best first: [product ID, score, [[reason, value, points], …]], in thousandths of a point."
    )
    fallback = models.CharField(max_length=64, blank=True, default="")
    summary = models.TextField(blank=True, default="")
    behaviour = models.JSONField(
        default=list, help_text="Names: [purchased, viewed, categories of interest], newest first."
    )
    explanation = models.TextField(blank=True, default="")
    explanation_source = models.CharField(max_length=16, blank=True, default="")
    explanation_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="Digest of the evidence that the explanation was written for.",
    )
    event_count = models.PositiveIntegerField("events", help_text="Number of the user's events.")
    history_version = models.BigIntegerField(
        default=0, help_text="The user's history version when their events were read."
    )
    digest = models.CharField(max_length=64, help_text="Digest of the strategy, its model and its settings.")
    generated_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "strategy"], name="stored_list_one_a_strategy")
        ]

    def __str__(self) -> str:
        return f"{self.strategy} for user {self.user_id}"
