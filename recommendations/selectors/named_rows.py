"""Lookup of the products and categories that a request names."""

from collections.abc import Collection

from django.db.models import Q

from catalog.models import Category, Product


def product_ids(references: Collection[int | str], *, include_inactive: bool) -> dict[int | str, int]:
    """Return the ids of the products that exist, by reference: a number or an external id.

    Inactive products are left out unless include_inactive. 1 query; none without references.
    """
    if not references:
        return {}
    numbers = {reference for reference in references if isinstance(reference, int)}
    keys = {reference for reference in references if isinstance(reference, str)}
    found: dict[int | str, int] = {}
    rows = Product.objects.filter(Q(id__in=numbers) | Q(external_id__in=keys))
    if not include_inactive:
        rows = rows.filter(is_active=True)
    for number, key in rows.values_list("id", "external_id"):
        if number in numbers:
            found[number] = number
        if key in keys:
            found[key] = number
    return found


def categories(paths: Collection[str]) -> set[str]:
    """Return the paths that belong to a category. 1 query; none without paths."""
    return set(Category.objects.filter(path__in=paths).values_list("path", flat=True)) if paths else set()
