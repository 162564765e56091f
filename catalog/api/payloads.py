"""What a row looks like to the callers of the API: plain dicts, and no query of their own."""

from typing import Any

from catalog.models import Category, Interaction, Product, User
from catalog.selectors import ProductPage

Payload = dict[str, Any]


def user_payload(user: User) -> Payload:
    return {"id": user.pk, "external_id": user.external_id, "name": user.name}


def category_payload(category: Category) -> Payload:
    """category: as selectors.categories() reads it"""
    return {"id": category.pk, "name": category.name, "product_count": category.product_count}  # type: ignore[attr-defined]


def product_payload(product: Product | ProductPage, *, for_staff: bool) -> Payload:
    """product: as selectors.products() or product() reads it; for_staff: say whether it is active"""
    page = ProductPage.of(product) if isinstance(product, Product) else product
    payload = page._asdict()
    if not for_staff:
        del payload["is_active"]
    return payload


def history_payload(interaction: Interaction) -> Payload:
    """interaction: as selectors.history() reads it"""
    return {
        "id": interaction.pk,
        "product_id": interaction.product_id,
        "product_name": interaction.product.name,
        "action_type": interaction.action_type,
        "occurred_at": interaction.occurred_at,
    }


def interaction_payload(interaction: Interaction) -> Payload:
    return {
        "id": interaction.pk,
        "user_id": interaction.user_id,
        "product_id": interaction.product_id,
        "action_type": interaction.action_type,
        "occurred_at": interaction.occurred_at,
        "event_id": interaction.event_key,
    }
