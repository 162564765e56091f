"""Requests for recommendations, and their filters: views parse requests, caches use them as keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.text import PATH_SEPARATOR
from recommendations.engine.attributes import Attributes
from recommendations.engine.histories import seen
from recommendations.engine.snapshot import Snapshot
from recommendations.errors import BadRequest
from recommendations.pipeline import HiddenPositions, Query
from recommendations.selectors import named_rows
from recommendations.selectors.products import Details
from recommendations.selectors.shop_state import Lookup


@dataclass(frozen=True, slots=True)
class RecommendationRequest:
    """A request for recommendations as it was sent: references are not resolved, defaults not filled in.

    Two equal requests have the same answer while nothing changes in the shop. References to users and
    products are a number, or a text for an external id.

    user:           who the list is for; None for placements that are the same for everybody
    strategy:       its name, None for the default strategy
    categories, groups, tags: names, any of which will do; prices include their bounds
    attributes:     names, each with the values of which any will do
    diversity:      from 0, the best, to 1, the most different
    offset:         how many of the best to leave out
    product_ids:    the products of an anonymous session, newest last
    sees_inactive_products: whether the caller may refer to inactive products
    user_ids:       who the lists are for, if there are many
    fields:         what to show of each product, in the order of answers; empty for everything
    """

    user: int | str | None = None
    top_n: int = 5
    strategy: str | None = None
    categories: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    exclude: tuple[int | str, ...] = ()
    diversity: float = 0.0
    offset: int = 0
    product_ids: tuple[int | str, ...] = ()
    sees_inactive_products: bool = False
    user_ids: tuple[int | str, ...] = ()
    fields: tuple[str, ...] = ()

    @property
    def lookup(self) -> Lookup:
        """The column and the value that find the user. Raises ValueError without a user."""
        if self.user is None:
            raise ValueError("The request names no user.")
        return ("pk" if isinstance(self.user, int) else "external_id", self.user)

    @property
    def names_products(self) -> bool:
        """Whether the answer says which of the request's products were ignored."""
        return bool(self.exclude or self.product_ids)

    @property
    def is_filtered(self) -> bool:
        """Whether filters leave some products out."""
        has_bounds = self.min_price is not None or self.max_price is not None
        return (
            bool(self.categories or self.groups or self.tags or self.attributes or self.exclude) or has_bounds
        )

    @property
    def is_plain(self) -> bool:
        """Whether the request is for the head of the user's own list, which may be stored."""
        return not (self.is_filtered or self.diversity or self.offset)


@dataclass(frozen=True, slots=True)
class Filters:
    """Price bounds are inclusive. A product without a category is in none.

    categories: paths, any of which will do, as does a category below it; empty for all products
    groups, tags: names, any of which will do; empty for all products
    attributes: names, each with the values of which any will do
    exclude:    ids of products to leave out
    ignored:    references to products to leave out that do not exist
    """

    categories: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    exclude: tuple[int, ...] = ()
    ignored: tuple[str, ...] = ()

    def allowed(self, snapshot: Snapshot) -> NDArray[np.bool_] | None:
        """Return the products within the bounds, shape (n_products,); None when all are."""
        masks = []
        if self.categories:
            names = snapshot.features.categories.names
            codes = [code for code, name in enumerate(names) if self.is_inside(name)]
            masks.append(np.isin(snapshot.features.category, codes))
        if self.groups:
            masks.append(in_groups(snapshot, self.groups))
        if self.tags:
            masks.append(tagged(snapshot, self.tags))
        if self.attributes:
            found = snapshot.attributes or Attributes.none(len(snapshot))
            masks.append(found.having(dict(self.attributes)))
        if self.min_price is not None:
            masks.append(snapshot.price >= float(self.min_price))
        if self.max_price is not None:
            masks.append(snapshot.price <= float(self.max_price))
        return np.logical_and.reduce(masks) if masks else None

    def is_inside(self, category: str | None) -> bool:
        """Return whether the category, by its path, is one of those allowed or below one of them."""
        if not self.categories:
            return True
        return category is not None and is_below(category, self.categories)

    def excluded(self, snapshot: Snapshot) -> NDArray[np.int64]:
        """Return the positions of the excluded products."""
        if not self.exclude:
            return np.zeros(0, np.int64)
        positions = snapshot.locate(np.array(self.exclude, np.int64))
        return positions[positions >= 0]

    def query(
        self, request: RecommendationRequest, snapshot: Snapshot, *, hidden: HiddenPositions = seen
    ) -> Query:
        """Return the pipeline's query for the request. hidden: as in `Query`"""
        return Query(
            n=request.offset + request.top_n,
            diversity=request.diversity,
            allowed=self.allowed(snapshot),
            excluded=self.excluded(snapshot),
            hidden=hidden,
        )

    def match(self, product: Details) -> bool:
        """Return whether the product, as it is now, is within the bounds."""
        return (
            self.is_inside(product.category)
            and (not self.groups or product.group in self.groups)
            and (not self.tags or any(tag in self.tags for tag in product.tags))
            and all(
                any(text in product.attributes.get(name, ()) for text in texts)
                for name, texts in self.attributes
            )
            and (self.min_price is None or product.current_price >= float(self.min_price))
            and (self.max_price is None or product.current_price <= float(self.max_price))
        )


NO_FILTERS = Filters()


def resolve_filters(request: RecommendationRequest, snapshot: Snapshot) -> Filters:
    """Return the request's filters. 1 query if it excludes products.

    1 more if it names categories without products.

    Raises BadRequest naming each category that does not exist.
    """
    if not request.is_filtered:
        return NO_FILTERS
    used = snapshot.features.used_categories
    unused = [
        name
        for name in request.categories
        if name not in used and not any(is_below(other, [name]) for other in used)
    ]
    known = named_rows.categories(unused)
    if unknown := [name for name in unused if name not in known]:
        raise BadRequest(*(_unknown_error("category", name, "category; see /categories") for name in unknown))
    exclude, ignored = resolve_products(
        request.exclude, sees_inactive_products=request.sees_inactive_products
    )
    return Filters(
        categories=request.categories,
        groups=request.groups,
        tags=request.tags,
        attributes=request.attributes,
        min_price=request.min_price,
        max_price=request.max_price,
        exclude=exclude,
        ignored=ignored,
    )


def is_below(category: str, paths: Sequence[str]) -> bool:
    """Return whether the category has one of these paths or is below one of them."""
    return category in paths or category.startswith(tuple([path + PATH_SEPARATOR for path in paths]))


def in_groups(snapshot: Snapshot, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return the products of these groups, shape (n_products,). A name that no product has finds none."""
    if snapshot.groups is None:
        return np.zeros(len(snapshot), bool)
    known = snapshot.groups.names.codes
    return np.isin(snapshot.groups.codes, [known[name] for name in names if name in known])


def tagged(snapshot: Snapshot, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return the products with one of these tags, shape (n_products,). An unknown name finds none."""
    tags, known = snapshot.features.tags, snapshot.features.tag_names.codes
    found = np.zeros(len(snapshot), bool)
    found[tags.rows()[np.isin(tags.flat, [known[name] for name in names if name in known])]] = True
    return found


def resolve_products(
    references: Sequence[int | str], *, sees_inactive_products: bool
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return the products' ids in the same order, and the references that are ignored.

    These are of products that do not exist, or are inactive unless the caller knows inactive products.
    1 query, none for no references.
    """
    known = named_rows.product_ids(references, include_inactive=sees_inactive_products)
    ids = tuple(known[reference] for reference in references if reference in known)
    ignored = (reference for reference in references if reference not in known)
    return ids, tuple(f"ext:{one}" if isinstance(one, str) else str(one) for one in ignored)


def _unknown_error(field: str, value: int | str, what: str) -> dict[str, object]:
    return {"field": field, "value": value, "message": f"There is no such {what}."}
