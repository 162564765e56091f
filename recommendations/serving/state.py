"""The state of the shop that one request is answered from."""

from collections.abc import Callable
from dataclasses import dataclass

from recommendations.errors import UnknownProduct
from recommendations.selectors.models import ActiveModels
from recommendations.selectors.shop_state import Lookup, NamedProduct
from recommendations.selectors.shoppers import Shopper, StoredRow
from recommendations.serving.catalogue import Catalogue
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import ModelRef, RecommendationList


@dataclass(frozen=True, slots=True)
class ShopState:
    """The shop as it was in one statement, and the catalogue in memory after all changes until then.

    product: the one that the request names, None if it does not exist
    """

    catalogue: Catalogue
    active: ActiveModels
    product: NamedProduct | None = None

    def product_id(self, lookup: Lookup, *, include_inactive: bool) -> int:
        """Return the id of the product that the request names by this lookup.

        Raises UnknownProduct if it does not exist, or is inactive unless include_inactive. Sold-out products
        are found.
        """
        if self.product is None or not (self.product.is_active or include_inactive):
            by, value = lookup
            raise UnknownProduct(f"ext:{value}" if by == "external_id" else str(value))
        return self.product.id


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopperState(ShopState):
    """The state that a shopper's list depends on. stored: the list of the model's strategy that was read"""

    shopper: Shopper
    model: ModelRef
    stored: StoredRow | None = None


# Recommends products to one user.
Recommender = Callable[[RecommendationRequest, ShopperState], RecommendationList]
