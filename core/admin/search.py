"""Exact search for rows by id, external ID or name, so that rows that refer to them are found by an index."""

from typing import Any

from django.db.models import Model, Q

# Many rows may share a name; at most this many are returned.
MAX_MATCHES = 500


def find_ids(model: type[Model], term: str) -> list[int]:
    """Return the ids of at most 500 rows whose id, external ID or full name is the term. 1 query."""
    wanted = Q(external_id=term) | Q(name__iexact=term)
    # A number of 19 digits may not fit into a 64-bit key.
    if term.isdecimal() and len(term) < 19:
        wanted |= Q(pk=int(term))
    found: Any = model._default_manager.filter(wanted).values_list("pk", flat=True)
    return list(found[:MAX_MATCHES])
