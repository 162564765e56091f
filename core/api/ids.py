"""Turns the id in a path into the keywords that find its row."""

from rest_framework.exceptions import NotFound, ValidationError

from core import references
from core.references import BadReference


def lookup(text: str) -> dict[str, int | str]:
    """Return {"pk": 12} for "12" and {"external_id": "abc"} for "ext:abc", to filter a queryset with.

    Raises NotFound when no row can have such an id. Makes no query.
    """
    try:
        return references.lookup(text)
    except BadReference as error:
        raise NotFound(f"Nothing has the id {text[:80]!r}. {error}") from error


def refuse_bad_key(text: str) -> None:
    """Raises ValidationError, naming the field, for a key that no row could be given. Makes no query."""
    if text.startswith(references.PREFIX):
        try:
            references.lookup(text)
        except BadReference as error:
            raise ValidationError({"external_id": [str(error)]}) from error
