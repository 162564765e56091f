"""What callers name: products by their ids in both forms, categories by their names."""

from collections.abc import Collection, Mapping

from django.db.models import Q

from catalog.models import Category, Product
from core.db.prepared import Prepared
from recommendations.errors import UnknownProduct

_by = {
    key: Prepared(
        lambda value, key=key: Product.objects.filter(**{key: value}).values_list("id", "is_active")
    )
    for key in ("pk", "external_id")
}


def product_id(lookup: Mapping[str, int | str], *, inactive_too: bool) -> int:
    """Return the id of the product that the lookup (a pk or an external_id) names. 1 query.

    Raises UnknownProduct, for an inactive one too unless inactive_too. One that is sold out is known.
    """
    ((key, value),) = lookup.items()
    for number, is_active in _by[key](value):
        if is_active or inactive_too:
            return int(number)
    raise UnknownProduct(f"ext:{value}" if key == "external_id" else str(value))


def product_ids(references: Collection[int | str], *, inactive_too: bool) -> dict[int | str, int]:
    """Return the id of each product that exists, by how it was named: its number or its external id.

    Inactive ones are left out unless inactive_too. 1 query; none for no references.
    """
    if not references:
        return {}
    numbers = {named for named in references if isinstance(named, int)}
    keys = {named for named in references if isinstance(named, str)}
    found: dict[int | str, int] = {}
    rows = Product.objects.filter(Q(id__in=numbers) | Q(external_id__in=keys))
    if not inactive_too:
        rows = rows.filter(is_active=True)
    for number, key in rows.values_list("id", "external_id"):
        if number in numbers:
            found[number] = number
        if key in keys:
            found[key] = number
    return found


def categories(names: Collection[str]) -> set[str]:
    """Return those of the names that a category has. 1 query; none for no names."""
    return set(Category.objects.filter(name__in=names).values_list("name", flat=True)) if names else set()
