"""The state of the shop that a request is answered from, and the model that answers."""

import logging
from functools import cache

from core.references import format_lookup
from recommendations.errors import UnknownShopper
from recommendations.selectors.models import ActiveModels, active_models
from recommendations.selectors.shop_state import Lookup, state_row
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import ModelRef
from recommendations.serving.state import ShopperState, ShopState
from recommendations.strategies.base import Basis
from recommendations.wiring.catalogue import catalogue_cache
from recommendations.wiring.configured import config, model_loader, strategy_registry

logger = logging.getLogger(__name__)


def shopper_state(request: RecommendationRequest) -> ShopperState:
    """Return the state that the request's list depends on. 1 query if the catalogue has not changed.

    Raises UnknownShopper and UnknownStrategy.
    """
    lookup, configured = request.lookup, config()
    stored = (
        (request.strategy, tuple(configured.strategies), configured.default_strategy)
        if request.is_plain
        else None
    )
    cache = catalogue_cache()
    before = cache.latest()
    row = state_row(before.position, user=lookup, stored=stored)
    current = cache.after(before, row.changes)
    if row.shopper is None:
        raise UnknownShopper(format_lookup(dict([lookup])))
    model = resolve_model_ref(request.strategy, row.active)
    return ShopperState(current, row.active, shopper=row.shopper, model=model, stored=row.stored)


def shop_state(product: Lookup | None = None) -> ShopState:
    """Return the state of the shop, with the product of this lookup. 1 query if nothing has changed."""
    cache = catalogue_cache()
    before = cache.latest()
    row = state_row(before.position, product=product)
    return ShopState(cache.after(before, row.changes), row.active, row.product)


def model_ref(strategy: str | None = None) -> ModelRef:
    """Return the named strategy, or the default one, with the active version of its model.

    1 query, so that every process uses a newly activated model at once; none for a named strategy that is
    not trained ahead. Raises UnknownStrategy.
    """
    if strategy is not None:
        config().strategy(strategy)
        if not is_trained(strategy):
            return ModelRef(strategy)
    return resolve_model_ref(strategy, active_models())


def resolve_model_ref(strategy: str | None, active: ActiveModels) -> ModelRef:
    """Return the strategy, None for the default one, with the active version of its model.

    Raises UnknownStrategy.
    """
    if strategy is not None:
        config().strategy(strategy)
    name = strategy or default_strategy(active.default)
    return ModelRef(name, active.versions.get(name, "") if is_trained(name) else "")


@cache
def default_strategy(chosen: str | None) -> str:
    """Return the strategy that staff chose, or the one in settings if theirs is none or not configured."""
    if chosen in config().strategies:
        return str(chosen)
    if chosen is not None:
        logger.warning(
            "The default strategy %r is not configured; %s answers.", chosen, config().default_strategy
        )
    return config().default_strategy


@cache
def is_trained(strategy: str) -> bool:
    """Return whether the strategy's models are trained ahead."""
    return strategy_registry().strategies[strategy].log_days is None


def lacks_model(model: ModelRef) -> bool:
    """Return whether the strategy needs a model and none is active or loadable, so that fillers answer."""
    return is_trained(model.strategy) and (not model.version or model_loader().lacks(model.strategy))


def basis(model: ModelRef) -> Basis | None:
    """Return what the strategy looks at, None if it needs a model and none is active."""
    if is_trained(model.strategy) and not model.version:
        return None
    return strategy_registry().strategies[model.strategy].basis


def digest(model: ModelRef) -> str:
    """Return a digest of what a list depends on besides the shop: settings, code and model."""
    return config().digest(model.strategy) + model.version


SINGLETONS = (default_strategy, is_trained)
