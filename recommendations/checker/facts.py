"""The facts that a text about recommendations is checked against."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from recommendations.checker.names import NamePhrases, Role
from recommendations.engine.reasons import ReasonKind

PERSONAL = frozenset(
    {
        ReasonKind.CATEGORY,
        ReasonKind.TAG,
        ReasonKind.BECAUSE,
        ReasonKind.SIMILAR,
        ReasonKind.TOGETHER,
        ReasonKind.LIFT,
        ReasonKind.BOUGHT,
        ReasonKind.DUE,
    }
)


@dataclass(frozen=True, slots=True)
class Recommended:
    """One recommended product.

    categories: names on the path to its category
    terms:      folded names of the categories and tags that are reasons for it
    origins:    by kind of reason, the names of the products that it refers to
    kinds:      of all reasons that may be mentioned
    days:       number of days on which the shopper bought it, 0 if unknown
    """

    name: str
    categories: tuple[str, ...] = ()
    terms: frozenset[str] = frozenset()
    because: frozenset[str] = frozenset()
    similar: frozenset[str] = frozenset()
    kinds: frozenset[ReasonKind] = frozenset()
    days: int = 0

    @property
    def is_personal(self) -> bool:
        """Whether a reason has to do with the shopper."""
        return bool(self.kinds & PERSONAL)


@dataclass(frozen=True)
class Facts:
    """What is known of a shopper and their list. Names are as in the shop.

    bought, viewed, cart: names of products; interests: names of categories
    finding:              "found", or why the strategy found nothing (values of `Finding`)
    """

    user_name: str = ""
    bought: tuple[str, ...] = ()
    viewed: tuple[str, ...] = ()
    cart: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    products: tuple[Recommended, ...] = ()
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    finding: str = "found"

    @property
    def has_history(self) -> bool:
        """Whether anything is known of what the shopper did."""
        known = self.bought or self.viewed or self.cart or self.interests
        return bool(known) or any(product.is_personal for product in self.products)

    @cached_property
    def names(self) -> NamePhrases:
        """All names that a text may contain."""
        return NamePhrases(self._names())

    def _names(self) -> Iterable[tuple[Role, str]]:
        yield from ((Role.PRODUCT, product.name) for product in self.products)
        for product in self.products:
            yield from ((Role.PRODUCT, name) for name in product.because | product.similar)
        for names in (self.bought, self.viewed, self.cart):
            yield from ((Role.PRODUCT, name) for name in names)
        yield from ((Role.TERM, name) for name in self.interests)
        yield from ((Role.TERM, name) for name in self.tags)
        yield from ((Role.TERM, name) for name in self.categories)
        yield from ((Role.TERM, name) for product in self.products for name in product.categories)
        if self.user_name:
            yield Role.USER, self.user_name
