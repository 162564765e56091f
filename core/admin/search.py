"""Search terms of the admin, and exact search for the rows to which others refer, by an index."""

from typing import Any

from django.db.models import Model, Q
from django.utils.text import smart_split, unescape_string_literal

# Many rows may share a name; at most this many are returned.
MAX_MATCHES = 500
MAX_DIGITS = 18  # a number of 19 digits may not fit into a 64-bit key


def quoted_words(term: str) -> list[str]:
    """Return the words of a search term; what is in quotation marks is one word."""
    return [
        unescape_string_literal(word) if word[0] in "\"'" and word[-1] == word[0] and len(word) > 1 else word
        for word in smart_split(term)
    ]


def find_ids(model: type[Model], term: str) -> list[int]:
    """Return the ids of at most 500 rows whose id, external ID or full name is the term. 1 query."""
    wanted = Q(external_id=term) | Q(name__iexact=term)
    if term.isdecimal() and len(term) <= MAX_DIGITS:
        wanted |= Q(pk=int(term))
    found: Any = model._default_manager.filter(wanted).values_list("pk", flat=True)
    return list(found[:MAX_MATCHES])
