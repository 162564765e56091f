"""Deletion of old events, and of changes that every server has read."""

from datetime import datetime, timedelta

from catalog.models import Interaction, ProductChange

BATCH_SIZE = 5_000
# Servers read the change feed with every request. One that has not for an hour reads all products anew.
CHANGE_RETENTION = timedelta(days=1)


def remove_events(*, before: datetime) -> int:
    """Delete the events before that time and return their number. 5,000 per transaction, oldest first."""
    n_gone = 0
    old = Interaction.objects.filter(occurred_at__lt=before)
    while batch := list(old.order_by("occurred_at", "id").values_list("id", flat=True)[:BATCH_SIZE]):
        n_gone += Interaction.objects.filter(id__in=batch).delete()[0]
    return n_gone


def remove_changes(now: datetime) -> int:
    """Delete the changes older than a day and return their number.

    The newest one stays, by which a server sees that nothing was deleted that it has not read.
    """
    newest = ProductChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
    old = ProductChange.objects.filter(created_at__lt=now - CHANGE_RETENTION)
    return old.exclude(id=newest).delete()[0]
