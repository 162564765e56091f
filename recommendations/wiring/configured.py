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
from recommendations.selectors.models import registered_version
from recommendations.serving.catalogue import StrategyRegistry
from recommendations.strategies.base import Strategy
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


SINGLETONS = (config, explainer, queue, strategies, strategy_registry, model_loader)
