"""Register, activate and delete trained models, and set the default strategy."""

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
    """Save the row of a new, inactive version. 1 query."""
    model.save(force_insert=True)


def activate(model: TrainedModel, *, at: datetime, default: bool = False) -> None:
    """Make the version the active one of its strategy; with `default`, make the strategy the default too.

    Raises VersionGone when its row has been deleted; nothing changes then. 4 queries in one transaction, or
    5 to 6 with `default`.
    """
    with transaction.atomic():
        # Concurrent activations of versions of the same strategy wait here.
        same = TrainedModel.objects.filter(strategy=model.strategy)
        list(same.select_for_update().order_by("id").values_list("id"))
        same.filter(is_active=True).exclude(pk=model.pk).update(is_active=False)
        if not same.filter(pk=model.pk).update(is_active=True, activated_at=at):
            raise VersionGone(model.strategy, model.version)
        if default:
            set_default(model.strategy, at=at)
    model.is_active, model.activated_at = True, at


def activate_as_default(model: TrainedModel, *, at: datetime, check: Callable[[ActiveModels], None]) -> None:
    """Activate the version and make its strategy the default, if `check` accepts the current default.

    check: raises an error if the default is not the model that the version was compared with; nothing changes
    then. Concurrent calls run one after the other, each on the result of the last.
    """
    with transaction.atomic():
        list(TrainedModel.objects.select_for_update().order_by("id").values_list("id"))
        check(active_models())
        activate(model, at=at, default=True)


def previous_version(strategy: str) -> TrainedModel:
    """Return the version that was active before the current one. 1 query. Raises NothingToRollBackTo."""
    inactive = TrainedModel.objects.filter(strategy=strategy, is_active=False, activated_at__isnull=False)
    found = inactive.order_by("-activated_at", "-id").first()
    if found is None:
        raise NothingToRollBackTo(strategy)
    return found


def set_default(strategy: str, *, at: datetime) -> None:
    """Use the strategy for requests that do not name one."""
    DefaultStrategy.objects.update_or_create(id=1, defaults={"strategy": strategy, "changed_at": at})


def default_strategy() -> str | None:
    """Return the default strategy in the database, None if the setting applies. 1 query."""
    return DefaultStrategy.objects.values_list("strategy", flat=True).first()


def active_version(strategy: str) -> TrainedModel | None:
    """Return the strategy's active version, or None. 1 query."""
    return TrainedModel.objects.filter(strategy=strategy, is_active=True).first()


def delete(models: Iterable[TrainedModel], remove: Remove) -> list[TrainedModel]:
    """Delete the versions' rows, and their files after the commit; return the deleted rows.

    remove: removes the files of a version, by strategy, version and digest
    Raises VersionActive; nothing is deleted then. 2 queries in one transaction.
    """
    ids = [model.pk for model in models]
    with transaction.atomic():
        rows = list(TrainedModel.objects.select_for_update().filter(pk__in=ids).order_by("id"))
        for row in rows:
            if row.is_active:
                raise VersionActive(row.strategy, row.version)
        TrainedModel.objects.filter(pk__in=ids).delete()
        for row in rows:
            transaction.on_commit(partial(remove, row.strategy, row.version, row.digest), robust=True)
    return rows


def surplus(strategy: str, *, keep: int) -> list[TrainedModel]:
    """Return all versions but the `keep` newest, the active one and the one to roll back to. 1 query."""
    rows = list(TrainedModel.objects.filter(strategy=strategy).order_by("-created_at", "-id"))
    formerly_active = [row for row in rows if row.activated_at is not None and not row.is_active]
    kept: set[Any] = {row.pk for row in rows[:keep]} | {row.pk for row in rows if row.is_active}
    if formerly_active:
        kept.add(max(formerly_active, key=lambda row: (row.activated_at, row.pk)).pk)
    return [row for row in rows if row.pk not in kept]
