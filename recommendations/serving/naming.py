"""Turns what an asker names into ids and filters; a name that nothing has is refused, never ignored."""

from collections.abc import Sequence
from decimal import Decimal

from recommendations.errors import BadAsk
from recommendations.selectors import named_rows
from recommendations.serving.filters import NO_FILTERS, Filters


def filters(
    *,
    categories: tuple[str, ...] = (),
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    exclude: tuple[int | str, ...] = (),
    inactive_too: bool,
) -> Filters:
    """Return the filters. Raises BadAsk naming each category and excluded product that does not exist.

    exclude: numbers, and texts for external ids; inactive_too: whether the asker may know inactive products
    1 query if categories are named, and 1 if products are.
    """
    if not categories and min_price is None and max_price is None and not exclude:
        return NO_FILTERS
    known = named_rows.categories(categories)
    if unknown := [name for name in categories if name not in known]:
        raise BadAsk(*(_unknown("category", name, "category; see /categories") for name in unknown))
    return Filters(
        categories, min_price, max_price, product_ids("exclude", exclude, inactive_too=inactive_too)
    )


def product_ids(field: str, references: Sequence[int | str], *, inactive_too: bool) -> tuple[int, ...]:
    """Return the products' ids in the same order. 1 query.

    Raises BadAsk naming the field and each product that does not exist, or is inactive unless inactive_too.
    """
    known = named_rows.product_ids(references, inactive_too=inactive_too)
    if unknown := [reference for reference in references if reference not in known]:
        raise BadAsk(*(_unknown(field, _spelled(reference), "product") for reference in unknown))
    return tuple(known[reference] for reference in references)


def _spelled(reference: int | str) -> int | str:
    return f"ext:{reference}" if isinstance(reference, str) else reference


def _unknown(field: str, value: int | str, what: str) -> dict[str, object]:
    return {"field": field, "value": value, "message": f"There is no such {what}."}
