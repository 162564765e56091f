"""Correction of a stored event."""

from django.db import transaction

from catalog.models import Interaction


def replace_interaction(*, interaction: Interaction) -> None:
    """Replace the stored event with the given one under a new id. 2 queries in one transaction."""
    with transaction.atomic():
        Interaction.objects.filter(pk=interaction.pk).delete()
        interaction.pk = None
        interaction.save(force_insert=True)
