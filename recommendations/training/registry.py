"""Registers trained models, and says which of them answer."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from recommendations.errors import NothingToRollBackTo, VersionActive, VersionGone
from recommendations.models import DefaultStrategy, TrainedModel
from recommendations.selectors.models import ActiveModels, active_models

Remove = Callable[[str, str, str], None]


def register(model: TrainedModel) -> None:
    """Store the row of a new version, which is not active yet. 1 query."""
    model.save(force_insert=True)


def activate(model: TrainedModel, *, at: datetime, default: bool = False) -> None:
    """Let the version answer for its strategy; with default, let its strategy answer by default too.

    Raises VersionGone when its row is deleted already, and then nothing has changed. 4 queries in one
    transaction, or 5 to 6 with default.
    """
    with transaction.atomic():
        # Whoever activates another version of the strategy meanwhile waits here.
        same = TrainedModel.objects.filter(strategy=model.strategy)
        list(same.select_for_update().order_by("id").values_list("id"))
        same.filter(is_active=True).exclude(pk=model.pk).update(is_active=False)
        if not same.filter(pk=model.pk).update(is_active=True, activated_at=at):
            raise VersionGone(model.strategy, model.version)
        if default:
            set_default(model.strategy, at=at)
    model.is_active, model.activated_at = True, at


def succeed(model: TrainedModel, *, at: datetime, check: Callable[[ActiveModels], None]) -> None:
    """Let the version answer for its strategy, and its strategy by default.

    check: raises what is raised when what answers now is not what the version should take the place of; then
    nothing has changed. Of several who do this at once each sees what the former did.
    """
    with transaction.atomic():
        list(TrainedModel.objects.select_for_update().order_by("id").values_list("id"))
        check(active_models())
        activate(model, at=at, default=True)


def former(strategy: str) -> TrainedModel:
    """Return the version that was active before the present one. 1 query. Raises NothingToRollBackTo."""
    inactive = TrainedModel.objects.filter(strategy=strategy, is_active=False, activated_at__isnull=False)
    found = inactive.order_by("-activated_at", "-id").first()
    if found is None:
        raise NothingToRollBackTo(strategy)
    return found


def set_default(strategy: str, *, at: datetime) -> None:
    """Let the strategy answer when none is asked for."""
    DefaultStrategy.objects.update_or_create(id=1, defaults={"strategy": strategy, "changed_at": at})


def default_strategy() -> str | None:
    """Return the strategy that was chosen to answer by default, None while the setting decides. 1 query."""
    return DefaultStrategy.objects.values_list("strategy", flat=True).first()


def active(strategy: str) -> TrainedModel | None:
    """Return the active version, None where there is none. 1 query."""
    return TrainedModel.objects.filter(strategy=strategy, is_active=True).first()


def delete(models: Iterable[TrainedModel], remove: Remove) -> list[TrainedModel]:
    """Return what was deleted: the rows, and with them, once that is committed, the files.

    Raises VersionActive, and then nothing is deleted. 2 queries in one transaction.
    """
    wanted = [model.pk for model in models]
    with transaction.atomic():
        rows = list(TrainedModel.objects.select_for_update().filter(pk__in=wanted).order_by("id"))
        for row in rows:
            if row.is_active:
                raise VersionActive(row.strategy, row.version)
        TrainedModel.objects.filter(pk__in=wanted).delete()
        for row in rows:
            transaction.on_commit(partial(remove, row.strategy, row.version, row.digest), robust=True)
    return rows


def surplus(strategy: str, *, keep: int) -> list[TrainedModel]:
    """Return all but the newest versions, the active one, and that which one would roll back to. 1 query."""
    rows = list(TrainedModel.objects.filter(strategy=strategy).order_by("-created_at", "-id"))
    past = [row for row in rows if row.activated_at is not None and not row.is_active]
    spared: set[Any] = {row.pk for row in rows[:keep]} | {row.pk for row in rows if row.is_active}
    if past:
        spared.add(max(past, key=lambda row: (row.activated_at, row.pk)).pk)
    return [row for row in rows if row.pk not in spared]
