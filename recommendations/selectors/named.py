"""What callers name: products by their ids in both forms, categories by their names."""

from collections.abc import Collection

from django.db.models import Q

from catalog.models import Category, Product


def product_ids(references: Collection[int | str]) -> dict[int | str, int]:
    """Return the id of each product that exists, by how it was named: its number or its external id.

    1 query; none for no references.
    """
    if not references:
        return {}
    numbers = {named for named in references if isinstance(named, int)}
    keys = {named for named in references if isinstance(named, str)}
    found: dict[int | str, int] = {}
    rows = Product.objects.filter(Q(id__in=numbers) | Q(external_id__in=keys))
    for number, key in rows.values_list("id", "external_id"):
        if number in numbers:
            found[number] = number
        if key in keys:
            found[key] = number
    return found


def categories(names: Collection[str]) -> set[str]:
    """Return those of the names that a category has. 1 query; none for no names."""
    return set(Category.objects.filter(name__in=names).values_list("name", flat=True)) if names else set()
