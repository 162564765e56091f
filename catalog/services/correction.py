"""Correction and deletion of stored events."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from catalog.errors import InvalidEvents, UnknownInteraction
from catalog.models import Interaction, Product
from catalog.services.events import Correction, error_entry, read_correction
from core.references import as_lookup

Lookup = Mapping[str, int | str]


def replace_interaction(*, interaction: Interaction) -> None:
    """Replace the stored event with the given one under a new id. 2 queries in one transaction."""
    with transaction.atomic():
        Interaction.objects.filter(pk=interaction.pk).delete()
        interaction.pk = None
        interaction.save(force_insert=True)


@transaction.atomic
def correct_interaction(*, lookup: Lookup, sent: object, now: datetime) -> Interaction:
    """Change the fields of the event that the caller sent, and return it. At most 3 queries.

    lookup: its pk or its event_key
    Raises UnknownInteraction, and InvalidEvents with all errors.
    """
    changes, errors = read_correction(sent, now=now)
    event = Interaction.objects.select_for_update().filter(**lookup).first()
    if event is None:
        raise UnknownInteraction(lookup)
    product_id = None if changes is None else _product_id(changes)
    if changes is not None and changes.product is not None and product_id is None:
        value = changes.product if isinstance(changes.product, int) else f"ext:{changes.product}"
        errors = [error_entry(None, "product_id", value, "There is no such product.")]
    if changes is None or errors:
        raise InvalidEvents(errors)
    sent_values: dict[str, object] = {
        "action_type": changes.action_type,
        "occurred_at": changes.occurred_at,
        "product_id": product_id,
    }
    values = {name: value for name, value in sent_values.items() if value is not None}
    for name, changed in values.items():
        setattr(event, name, changed)
    if values:
        event.save(update_fields=list(values))
    return event


def delete_interaction(*, lookup: Lookup) -> None:
    """Delete the event; its `event_id` can be used again. 1 query. Raises UnknownInteraction."""
    n_deleted, _ = Interaction.objects.filter(**lookup).delete()
    if not n_deleted:
        raise UnknownInteraction(lookup)


def _product_id(changes: Correction) -> int | None:
    if changes.product is None:
        return None
    found = Product.objects.filter(**as_lookup(changes.product))
    return found.values_list("pk", flat=True).first()
