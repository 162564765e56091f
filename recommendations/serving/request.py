"""Requests for recommendations: views parse them, caches use them as keys, recommenders answer them."""

from dataclasses import dataclass
from decimal import Decimal

Lookup = tuple[str, int | str]


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
