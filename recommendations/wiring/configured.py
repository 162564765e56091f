"""What the settings name: strategies, their models, the explainer, the cache; and who answers now."""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.files.storage import InvalidStorageError, storages

from recommendations.batch.queue import Queue
from recommendations.conf import Config
from recommendations.errors import BadConfiguration
from recommendations.explainers.base import Explainer
from recommendations.selectors.models import ActiveModels, active_models, registered
from recommendations.serving.pipelines import StrategyRegistry
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Basis, Strategy
from recommendations.training.loader import ModelLoader
from recommendations.training.store import ModelStore

logger = logging.getLogger(__name__)


@cache
def config() -> Config:
    """Return the configuration. Raises BadConfiguration naming what is wrong."""
    return Config.of(settings.RECOMMENDATIONS)


@cache
def explainer() -> Explainer:
    made: Explainer = config().explainer.make()
    return made


@cache
def queue() -> Queue:
    """Return what hands work to the workers."""
    return Queue(settings.CELERY_BROKER_URL)


def shared_cache() -> Any:
    """Return the cache: that which all servers share, or this process's own."""
    return caches["default"]


def model_ref(strategy: str | None = None) -> ModelRef:
    """Return the named strategy, or that which answers by default, with the active version of its model.

    1 query, so that whatever was activated a moment ago answers in every process; none for a named strategy
    that is not trained ahead. Raises UnknownStrategy.
    """
    if strategy is not None:
        config().strategy(strategy)
        if not is_trained(strategy):
            return ModelRef(strategy)
    return resolve_model_ref(strategy, active_models())


def resolve_model_ref(strategy: str | None, now: ActiveModels) -> ModelRef:
    """Return what answers in that standing. strategy: a configured one, None for the default"""
    name = strategy or default_strategy(now.default)
    return ModelRef(name, now.versions.get(name, "") if is_trained(name) else "")


@cache
def default_strategy(model_ref: str | None) -> str:
    """Return the strategy that staff chose, or the setting's where it is none, or none that is configured."""
    if model_ref in config().strategies:
        return str(model_ref)
    if model_ref is not None:
        logger.warning(
            "The default strategy %r is not configured; %s answers.", model_ref, config().default_strategy
        )
    return config().default_strategy


def is_trained(strategy: str) -> bool:
    """Return whether the strategy's models are trained ahead."""
    return strategy_registry().strategies[strategy].log_days is None


def lacks_model(model_ref: ModelRef) -> bool:
    """Return whether what fills up answers in place of the model that the strategy needs."""
    return is_trained(model_ref.strategy) and (
        not model_ref.version or model_loader().lacks(model_ref.strategy)
    )


def basis(model_ref: ModelRef) -> Basis | None:
    """Return what the strategy looks at, None where it needs a model and none is active."""
    if is_trained(model_ref.strategy) and not model_ref.version:
        return None
    return strategy_registry().strategies[model_ref.strategy].basis


def digest(model_ref: ModelRef) -> str:
    """Return what changes with all that a list depends on besides the shop: settings, code, model."""
    return config().digest(model_ref.strategy) + model_ref.version


@cache
def strategies() -> Mapping[str, Strategy]:
    """Return every configured strategy by name."""
    return {name: named.make() for name, named in config().strategies.items()}


@cache
def strategy_registry() -> StrategyRegistry:
    """Return every configured strategy, and what opens their models."""
    return StrategyRegistry(strategies(), model_loader())


@cache
def model_loader() -> ModelLoader:
    """Return what opens the models of versions, and keeps them."""
    return ModelLoader(model_store(), strategies(), registered, config().digest)


def model_store() -> ModelStore:
    """Return where the files of models are. Raises BadConfiguration for a storage that does not exist."""
    name = config().model_storage
    try:
        return ModelStore(config().model_dir, storages[name] if name else None)
    except InvalidStorageError as error:
        raise BadConfiguration(f"MODEL_STORAGE is {name!r}: {error}") from error


SINGLETONS = (config, explainer, queue, default_strategy, strategies, strategy_registry, model_loader)
