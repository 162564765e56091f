"""Interactions: what a user did with a product, and when."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from catalog.models.product import Product
from catalog.models.user import User
from core.text import MAX_LENGTH, validate_line


class ActionType(models.TextChoices):
    VIEW = "view"
    CLICK = "click"
    CART = "cart"
    PURCHASE = "purchase"
    DISMISS = "dismiss"


class InteractionQuerySet(models.QuerySet["Interaction"]):
    def newest_first(self) -> "InteractionQuerySet":
        """Return the events, newest first; ties by id, highest first."""
        return self.order_by("-occurred_at", "-id")


class Interaction(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="interactions", db_index=False)
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="interactions", db_index=False
    )
    action_type = models.CharField(max_length=16, choices=ActionType.choices)
    occurred_at = models.DateTimeField(
        default=timezone.now, help_text="When it happened in the shop, as reported."
    )
    created_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text="When it was stored; for auditing only."
    )
    event_key = models.CharField(  # noqa: DJ001  unique, by a constraint
        max_length=MAX_LENGTH,
        null=True,
        blank=True,
        validators=[validate_line],
        help_text="Identifies the event, so that it is stored only once if it is reported again.",
    )

    objects = InteractionQuerySet.as_manager()

    class Meta:
        constraints = [
            # Not `unique=True`, for which Django makes a second index on PostgreSQL, for LIKE.
            models.UniqueConstraint(fields=["event_key"], name="interaction_event_key_once"),
            models.CheckConstraint(
                name="interaction_action_known", condition=Q(action_type__in=ActionType.values)
            ),
            models.CheckConstraint(
                name="interaction_event_key_given", condition=Q(event_key__isnull=True) | ~Q(event_key="")
            ),
        ]
        indexes = [
            # Covers every column that the engine reads of a history, so the table itself is not read.
            models.Index(
                F("user"),
                F("occurred_at").desc(),
                F("id").desc(),
                F("product"),
                F("action_type"),
                name="interaction_history",
            ),
            # A product's events, newest first.
            models.Index(
                F("product"), F("occurred_at").desc(), F("id").desc(), name="interaction_by_product"
            ),
            # Popularity counts a product's shoppers by action from the index alone.
            models.Index(F("product"), F("action_type"), F("user"), name="interaction_by_shopper"),
            # All events, newest first. Recent events are read from the index alone.
            models.Index(
                F("occurred_at").desc(),
                F("id").desc(),
                F("product"),
                F("action_type"),
                name="interaction_by_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_type} by user {self.user_id} of product {self.product_id}"
