"""Rows as plain dicts for responses. No queries."""

from datetime import datetime
from typing import Any

from django.conf import settings

from catalog.models import Category, Interaction, Product, User
from catalog.selectors import ProductDetails
from catalog.services.event_insert import StoredEvent

Payload = dict[str, Any]


def user_payload(user: User) -> Payload:
    return {"id": user.pk, "external_id": user.external_id, "name": user.name}


def category_payload(category: Category) -> Payload:
    """category: from selectors.categories()"""
    return {
        "id": category.pk,
        "name": category.name,
        "path": category.path,
        "parent": category.parent_id,
        "product_count": category.product_count,  # type: ignore[attr-defined]
    }


def product_payload(product: Product | ProductDetails, *, for_staff: bool, now: datetime) -> Payload:
    """product: from selectors.products() or product(); for_staff: whether to include is_active"""
    page = ProductDetails.of(product) if isinstance(product, Product) else product
    payload = {**page._asdict(), "current_price": page.current_price(now), "currency": settings.CURRENCY}
    if not for_staff:
        del payload["is_active"]
    return payload


def history_payload(interaction: Interaction) -> Payload:
    """interaction: from selectors.history()"""
    return {
        "id": interaction.pk,
        "product_id": interaction.product_id,
        "product_name": interaction.product.name,
        "action_type": interaction.action_type,
        "occurred_at": interaction.occurred_at,
    }


def interaction_payload(row: StoredEvent) -> Payload:
    return {
        "id": row.id,
        "user_id": row.user_id,
        "product_id": row.product_id,
        "action_type": row.action_type,
        "occurred_at": row.occurred_at,
        "event_id": row.event_id,
    }
