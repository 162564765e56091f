"""Which strategy answers by default, which versions of models are active, and what is known of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, QuerySet, Value

from core.db.prepared import Prepared
from recommendations.models import DefaultStrategy, TrainedModel


@dataclass(frozen=True, slots=True)
class ActiveModels:
    """default: the strategy that was chosen, None while the setting decides; versions: the active ones."""

    default: str | None
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Registered:
    """What tells whether files are those of a version. digest: of their list; settings_digest: as trained."""

    digest: str
    settings_digest: str


def _standing_rows() -> "QuerySet[Any, Any]":
    chosen = DefaultStrategy.objects.values_list("strategy", Value("", output_field=CharField()))
    active = TrainedModel.objects.filter(is_active=True).values_list("strategy", "version")
    return chosen.union(active, all=True)


_standing = Prepared(_standing_rows)
_registered = Prepared(
    lambda strategy, version: TrainedModel.objects.filter(strategy=strategy, version=version).values_list(
        "digest", "settings_digest"
    )
)


def active_models() -> ActiveModels:
    """Return what answers now. 1 query."""
    default, versions = None, {}
    for strategy, version in _standing():
        if version:
            versions[strategy] = version
        else:
            default = strategy
    return ActiveModels(default, versions)


def trained_at() -> list[tuple[str, datetime]]:
    """Return each strategy that has an active version, and when that was trained. 1 query."""
    active = TrainedModel.objects.filter(is_active=True).order_by("strategy")
    return list(active.values_list("strategy", "created_at"))


def registered(strategy: str, version: str) -> Registered | None:
    """Return what is known of the version, None when there is no such row. 1 query."""
    for row in _registered(strategy, version):
        return Registered(*row)
    return None
