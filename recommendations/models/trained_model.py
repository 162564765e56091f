"""Versions of strategies' models: training data, metrics, and which version is active."""

from django.db import models
from django.db.models import Q


class TrainedModel(models.Model):
    """One version of a strategy's model."""

    strategy = models.CharField(max_length=64)
    version = models.CharField(
        max_length=40, help_text="Start of the training in UTC, and eight random hex digits."
    )
    settings_digest = models.CharField(
        max_length=64, help_text="Digest of the strategy's settings that it was fitted with."
    )
    configuration = models.JSONField(help_text="The strategy's CLASS and OPTIONS that it was fitted with.")
    data_from = models.DateTimeField("first event", null=True)
    data_to = models.DateTimeField("last event", null=True)
    n_events = models.PositiveBigIntegerField("events", help_text="Number of events that it was fitted to.")
    metrics = models.JSONField(
        default=dict,
        blank=True,
        help_text="Metrics of the same settings on held-out days; empty if it was not measured.",
    )
    record = models.JSONField(
        default=dict, blank=True, help_text="The model's own description of how it was made."
    )
    fit_seconds = models.FloatField(default=0)
    peak_mb = models.FloatField("peak memory in MB", default=0)
    n_bytes = models.PositiveBigIntegerField("size", help_text="Size of its files in bytes.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the manifest of its files.")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=150)
    is_active = models.BooleanField("active", default=False)
    activated_at = models.DateTimeField(null=True, blank=True, help_text="When it was last activated.")
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["strategy", "version"], name="trained_model_one_a_version"),
            models.UniqueConstraint(
                fields=["strategy"], condition=Q(is_active=True), name="trained_model_one_active_a_strategy"
            ),
            models.CheckConstraint(condition=~Q(version="") & ~Q(strategy=""), name="trained_model_is_named"),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(activated_at__isnull=False),
                name="trained_model_active_since_some_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy} {self.version}"
