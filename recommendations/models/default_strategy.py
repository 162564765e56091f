"""The default strategy: one row, or none if the setting applies."""

from django.db import models
from django.db.models import Q


class DefaultStrategy(models.Model):
    """The strategy for requests that do not name one."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    strategy = models.CharField(max_length=64)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "default strategy"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="default_strategy_is_one_row"),
            models.CheckConstraint(condition=~Q(strategy=""), name="default_strategy_is_named"),
        ]

    def __str__(self) -> str:
        return self.strategy
