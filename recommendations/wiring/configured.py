"""Objects that settings name: strategies, models, the explainer, the queue and the cache."""

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
from recommendations.explainers.openai import OpenAIExplainer
from recommendations.explaining.shared_outage import CachedOutage
from recommendations.selectors.models import ActiveModels, active_models, registered_version
from recommendations.serving.pipelines import StrategyRegistry
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Basis, Strategy
from recommendations.training.loader import ModelLoader
from recommendations.training.store import ModelStore

logger = logging.getLogger(__name__)


@cache
def config() -> Config:
    """Return the configuration. Raises BadConfiguration naming each fault."""
    return Config.of(settings.RECOMMENDATIONS)


@cache
def explainer() -> Explainer:
    """Return the configured explainer."""
    configured: Explainer = config().explainer.make()
    if isinstance(configured, OpenAIExplainer):
        configured.breaker.shared = CachedOutage(shared_cache, configured.identity)
    return configured


def language_model() -> OpenAIExplainer | None:
    """Return the explainer that asks a language model, None if another one is configured."""
    configured = explainer()
    return configured if isinstance(configured, OpenAIExplainer) else None


@cache
def queue() -> Queue:
    """Return the queue of the workers."""
    return Queue(settings.CELERY_BROKER_URL)


def shared_cache() -> Any:
    """Return the default cache: shared by all servers (Redis), or local to this process."""
    return caches["default"]


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


@cache
def strategies() -> Mapping[str, Strategy]:
    """Return every configured strategy by name."""
    return {name: strategy.make() for name, strategy in config().strategies.items()}


@cache
def strategy_registry() -> StrategyRegistry:
    """Return the configured strategies with the loader of their models."""
    return StrategyRegistry(strategies(), model_loader())


@cache
def model_loader() -> ModelLoader:
    """Return the loader of models, which keeps them open."""
    return ModelLoader(model_store(), strategies(), registered_version, config().digest)


def model_store() -> ModelStore:
    """Return the store of model files. Raises BadConfiguration for a storage that is not configured."""
    name = config().model_storage
    try:
        return ModelStore(config().model_dir, storages[name] if name else None)
    except InvalidStorageError as error:
        raise BadConfiguration(f"MODEL_STORAGE is {name!r}: {error}") from error


SINGLETONS = (config, explainer, queue, default_strategy, strategies, strategy_registry, model_loader)
