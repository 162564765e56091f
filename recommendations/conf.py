"""settings.RECOMMENDATIONS as a frozen, validated object."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

from recommendations.engine.actions import EventTable
from recommendations.errors import BadConfiguration, UnknownStrategy

# Increase it when the same options give different scores or reasons: stored lists become stale.
SCORING = 2
# Values of POPULARITY: a shopper counts once for each product and action, or every interaction counts.
SHOPPERS, INTERACTIONS = "shoppers", "interactions"


@dataclass(frozen=True, slots=True)
class ConfiguredClass:
    """A class by its dotted path, and the options of its instance."""

    path: str
    options: Mapping[str, Any] = field(repr=False)  # may hold an API key

    def make(self) -> Any:
        """Return the instance. Raises BadConfiguration naming the path or the invalid option."""
        try:
            made = import_string(self.path)
        except ImportError as error:
            raise BadConfiguration(f"CLASS {self.path!r} cannot be imported: {error}") from error
        try:
            return made.from_options(**self.options)
        except (TypeError, ValueError) as error:
            raise BadConfiguration(f"OPTIONS of {self.path}: {error}") from error


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of the recommendations.

    model_dir:                   the directory of trained models
    model_storage:               the alias in STORAGES from which models are fetched; "" for none
    stored_list_max_age_seconds: the age up to which a stored list is served; 0 for never
    answer_cache_bytes:          the size limit of each process's cache of rendered responses; 0 disables it
    result_cache_seconds:        how long a live result may be reused; 0 for never
    """

    strategies: Mapping[str, ConfiguredClass]
    default_strategy: str
    events: EventTable
    explainer: ConfiguredClass
    model_dir: Path
    model_storage: str
    stored_list_max_age_seconds: float
    answer_cache_bytes: int
    result_cache_seconds: float

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Config":
        """Return the configuration. Raises BadConfiguration naming the missing or invalid key."""
        try:
            config = cls(
                strategies={name: _configured_class(entry) for name, entry in raw["STRATEGIES"].items()},
                default_strategy=raw["DEFAULT_STRATEGY"],
                events=EventTable.of(
                    raw["EVENTS"], counts_repeats=raw.get("POPULARITY", SHOPPERS) == INTERACTIONS
                ),
                explainer=_configured_class(raw["EXPLAINER"]),
                model_dir=Path(raw["MODEL_DIR"]),
                model_storage=raw["MODEL_STORAGE"],
                stored_list_max_age_seconds=float(raw["STORED_LIST_MAX_AGE_SECONDS"]),
                answer_cache_bytes=int(raw["ANSWER_CACHE_MIB"]) << 20,
                result_cache_seconds=float(raw["RESULT_CACHE_SECONDS"]),
            )
        except KeyError as error:
            raise BadConfiguration(f"RECOMMENDATIONS has no key {error}.") from error
        config.strategy(config.default_strategy)
        return config

    def strategy(self, name: str) -> ConfiguredClass:
        """Return the configured class of the strategy. Raises UnknownStrategy."""
        try:
            return self.strategies[name]
        except KeyError:
            raise UnknownStrategy(name, self.strategies) from None

    def digest(self, strategy: str) -> str:
        """Return a digest of the strategy, its options, EVENTS and SCORING: 32 hex digits."""
        configured = self.strategy(strategy)
        events = [
            self.events.weights.tolist(),
            self.events.half_life_days.tolist(),
            self.events.counts_repeats,
        ]
        parts = [SCORING, strategy, configured.path, dict(configured.options), events]
        text = json.dumps(parts, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _configured_class(entry: Mapping[str, Any]) -> ConfiguredClass:
    return ConfiguredClass(entry["CLASS"], entry.get("OPTIONS", {}))
