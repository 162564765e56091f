"""Categories and tags by name, created when they do not exist. Case and Unicode form make no difference."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from django.db.models import Q

from catalog.models import Category, Tag
from core.text import comparable

T = TypeVar("T", Category, Tag)
_BATCH = 10_000  # names of a query


def get_or_create_category(name: str | None) -> Category | None:
    """Return the category of that name, created if it does not exist. 1 query, or 2 if it is new."""
    return None if name is None else get_or_create_terms(Category, [name])[0][name]


def get_or_create_tags(names: Iterable[str]) -> list[Tag]:
    """Return each tag of these names once, created if it does not exist. 1 query, or 2 if any is new."""
    return list(dict.fromkeys(get_or_create_terms(Tag, names)[0].values()))


def get_or_create_terms(model: type[T], names: Iterable[str]) -> tuple[Mapping[str, T], int]:
    """Return the row of each name, and how many were created, with the first spelling of their name.

    1 query for every 10,000 names, and 1 more if any is new.
    """
    wanted = {name: comparable(name) for name in names}
    rows = _stored(model, wanted)
    new: dict[str, T] = {}
    for name, key in wanted.items():
        if key not in rows and key not in new:
            new[key] = model(name=name)
    # If another process creates the same row at the same time, the update returns its id.
    model.objects.bulk_create(
        new.values(),
        update_conflicts=True,
        unique_fields=["comparable_name"],
        update_fields=["comparable_name"],
    )
    rows |= new
    return {name: rows[key] for name, key in wanted.items()}, len(new)


def _stored(model: type[T], wanted: Mapping[str, str]) -> dict[str, T]:
    """Return the rows of these names by comparable name."""
    found: dict[str, T] = {}
    names = list(wanted)
    for start in range(0, len(names), _BATCH):
        some = names[start : start + _BATCH]
        is_wanted = Q(comparable_name__in=[wanted[name] for name in some]) | Q(name__in=some)
        for row in model.objects.filter(is_wanted).order_by("id"):
            key = comparable(row.name)
            if row.comparable_name != key:  # it was renamed by SQL
                same = model.objects.filter(comparable_name=key).exclude(pk=row.pk)
                row.comparable_name = None if same.exists() else key
                model.objects.filter(pk=row.pk).update(comparable_name=row.comparable_name)
            found.setdefault(key, row)
    return found
