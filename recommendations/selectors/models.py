"""The default strategy, the active versions of models, and the digests of a version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import CharField, QuerySet, Value

from core.db.prepared import PreparedQuery
from recommendations.models import DefaultStrategy, LanguageModel, TrainedModel


@dataclass(frozen=True, slots=True)
class ActiveModels:
    """What answers requests.

    default:  the strategy that staff chose, None for the one in settings
    versions: the active version of each strategy that has one
    """

    default: str | None
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """Digests of a version of a model.

    digest:          of the manifest of its files
    settings_digest: of the strategy's settings at training
    """

    digest: str
    settings_digest: str


def _active_rows() -> "QuerySet[Any, Any]":
    chosen = DefaultStrategy.objects.values_list("strategy", Value("", output_field=CharField()))
    active = TrainedModel.objects.filter(is_active=True).values_list("strategy", "version")
    return chosen.union(active, all=True)


_active = PreparedQuery(_active_rows)
_registered = PreparedQuery(
    lambda strategy, version: TrainedModel.objects.filter(strategy=strategy, version=version).values_list(
        "digest", "settings_digest"
    )
)


def active_models() -> ActiveModels:
    """Return the default strategy and the active versions. 1 query."""
    default, versions = None, {}
    for strategy, version in _active():
        if version:
            versions[strategy] = version
        else:
            default = strategy
    return ActiveModels(default, versions)


def trained_at() -> list[tuple[str, datetime]]:
    """Return each strategy that has an active version, with the time when it was trained. 1 query."""
    active = TrainedModel.objects.filter(is_active=True).order_by("strategy")
    return list(active.values_list("strategy", "created_at"))


def language_models() -> list[tuple[str, str, date | None]]:
    """Return the name, state and announced end of each language model that was asked for last. 1 query."""
    return list(LanguageModel.objects.order_by("place").values_list("name", "state", "ends_on"))


def registered_version(strategy: str, version: str) -> RegisteredVersion | None:
    """Return the digests of the version, None if there is no such version. 1 query."""
    for row in _registered(strategy, version):
        return RegisteredVersion(*row)
    return None
