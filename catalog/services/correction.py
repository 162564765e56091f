"""Corrects an event that is stored already."""

from django.db import transaction

from catalog.models import Interaction


def replace_interaction(*, interaction: Interaction) -> None:
    """The stored event is replaced by the given one, under a new id; two queries in one transaction.

    Whoever remembers a user's events by their number and highest id thereby sees that they changed.
    """
    with transaction.atomic():
        Interaction.objects.filter(pk=interaction.pk).delete()
        interaction.pk = None
        interaction.save(force_insert=True)
