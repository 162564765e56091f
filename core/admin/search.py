"""Finds the few rows that a search means exactly, so that what refers to them is found by its index."""

from typing import Any

from django.db.models import Model, Q

# A name may be shared by many; so many of them are looked at.
MOST_NAMESAKES = 500


def ids_named(model: type[Model], term: str) -> list[int]:
    """Return the ids of at most 500 rows with that id, external ID or whole name: one query."""
    wanted = Q(external_id=term) | Q(name__iexact=term)
    # Nineteen digits would not fit into a key.
    if term.isdecimal() and len(term) < 19:
        wanted |= Q(pk=int(term))
    found: Any = model._default_manager.filter(wanted).values_list("pk", flat=True)
    return list(found[:MOST_NAMESAKES])
