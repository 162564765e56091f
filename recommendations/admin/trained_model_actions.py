"""Admin actions on trained models: activate, roll back, set the default strategy, compare."""

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from recommendations import wiring
from recommendations.admin.default_strategy import cannot_answer
from recommendations.errors import ModelUnavailable, NothingToRollBackTo, UnknownStrategy, VersionGone
from recommendations.models import TrainedModel
from recommendations.serving.results import ModelRef
from recommendations.training import registry

if TYPE_CHECKING:
    from recommendations.admin.trained_model import TrainedModelAdmin

MOST_COMPARED = 6


@admin.action(permissions=["change"], description="Activate selected versions")
def activate(modeladmin: "TrainedModelAdmin", request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
    versions = list(queryset.order_by("id"))
    if len({model.strategy for model in versions}) < len(versions):
        modeladmin.message_user(
            request, "No version was activated: select at most one version of each strategy.", messages.ERROR
        )
        return
    for model in versions:
        _activate(modeladmin, request, model, "Activated.")


@admin.action(permissions=["change"], description="Roll back to the version that was active before")
def roll_back(
    modeladmin: "TrainedModelAdmin", request: HttpRequest, queryset: QuerySet[TrainedModel]
) -> None:
    for strategy in sorted(set(queryset.order_by().values_list("strategy", flat=True))):
        try:
            model = registry.previous_version(strategy)
        except NothingToRollBackTo as error:
            modeladmin.message_user(request, str(error), messages.ERROR)
        else:
            _activate(modeladmin, request, model, "Activated by rolling back.")


@admin.action(permissions=["set_default"], description="Make the strategy the default")
def make_default(
    modeladmin: "TrainedModelAdmin", request: HttpRequest, queryset: QuerySet[TrainedModel]
) -> None:
    model, *others = queryset.order_by("-is_active", "id")
    if any(other.strategy != model.strategy for other in others):
        modeladmin.message_user(request, "Select versions of only one strategy.", messages.ERROR)
        return
    if why := cannot_answer(model.strategy):
        modeladmin.message_user(request, why, messages.ERROR)
        return
    registry.set_default(model.strategy, at=timezone.now())
    modeladmin.log_change(request, model, f"Made {model.strategy} the default strategy.")
    modeladmin.message_user(request, f"{model.strategy} is now the default strategy.", messages.SUCCESS)


@admin.action(permissions=["view"], description="Compare selected versions")
def compare(
    modeladmin: "TrainedModelAdmin", request: HttpRequest, queryset: QuerySet[TrainedModel]
) -> HttpResponse | None:
    ids = [str(pk) for pk in queryset.order_by("id").values_list("pk", flat=True)[: MOST_COMPARED + 1]]
    if not 2 <= len(ids) <= MOST_COMPARED:
        modeladmin.message_user(request, f"Select 2 to {MOST_COMPARED} versions to compare.", messages.ERROR)
        return None
    return HttpResponseRedirect(
        reverse("admin:recommendations_trainedmodel_compare", query={"ids": ",".join(ids)})
    )


def _activate(
    modeladmin: "TrainedModelAdmin", request: HttpRequest, model: TrainedModel, log_message: str
) -> None:
    if model.is_active:
        modeladmin.message_user(request, f"{model} is already active.", messages.WARNING)
        return
    try:
        wiring.model_loader().check(ModelRef(model.strategy, model.version))
        registry.activate(model, at=timezone.now())
    except (ModelUnavailable, UnknownStrategy, VersionGone) as error:
        modeladmin.message_user(request, f"{model} was not activated. {error}", messages.ERROR)
        return
    modeladmin.log_change(request, model, log_message)
    modeladmin.message_user(
        request, f"{model} is now the active version of {model.strategy}.", messages.SUCCESS
    )
