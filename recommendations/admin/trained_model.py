"""Trained models in the admin: to compare, activate, roll back and delete; `train_models` makes them."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from core.admin.base import BaseModelAdmin
from core.admin.deletion import delete_selected
from recommendations import wiring
from recommendations.admin.measures import UNSAID, interval, measured, number
from recommendations.admin.stored_list import StrategyFilter
from recommendations.admin.trained_model_actions import (
    MOST_COMPARED,
    activate,
    compare,
    make_default,
    roll_back,
)
from recommendations.errors import UnknownStrategy
from recommendations.models import DefaultStrategy, TrainedModel
from recommendations.serving.results import ModelRef
from recommendations.training import registry

logger = logging.getLogger(__name__)
# The digits of an id; no table has longer ones, and no database takes them.
LONGEST = 18
LIST = "admin:recommendations_trainedmodel_changelist"


@admin.register(TrainedModel)
class TrainedModelAdmin(BaseModelAdmin[TrainedModel]):
    list_display = (
        "version",
        "strategy",
        "answers",
        "data_window",
        "n_events",
        "ndcg",
        "coverage",
        "size",
        "created_at",
        "note",
    )
    list_filter = (StrategyFilter, "is_active")
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at", "strategy")
    actions = (compare, activate, roll_back, make_default, delete_selected)
    instead_of_deleting = "Activate another version first: the active one cannot be deleted."
    readonly_fields = (
        *("strategy", "version", "answers", "activated_at"),
        *("data_from", "data_to", "n_events", "fit_seconds", "peak_mb"),
        *("recipe", "record", "created_at", "created_by"),
        *("size", "digest", "settings_digest"),
    )
    fieldsets = (
        (None, {"fields": ("strategy", "version", "answers", "activated_at", "note")}),
        ("What it was fitted to", {"fields": ("data_from", "data_to", "n_events", "fit_seconds", "peak_mb")}),
        ("How it was made", {"fields": ("recipe", "record", "created_at", "created_by")}),
        (
            "How one tells that its files are its own",
            {"classes": ("collapse",), "fields": ("size", "digest", "settings_digest")},
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "compare/",
            self.admin_site.admin_view(self.compare_view),
            name="recommendations_trainedmodel_compare",
        )
        return [page, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_set_default_permission(self, request: HttpRequest) -> bool:
        """Return whether the strategy that answers by default may be changed, which is a row of its own."""
        default = self.admin_site.get_model_admin(DefaultStrategy)
        return self.has_change_permission(request) and default.has_change_permission(request)

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Return the versions beside each other; 1 query beside those of the session."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        texts = request.GET.get("ids", "").split(",")
        asked = [int(text) for text in texts if text.isdecimal() and len(text) <= LONGEST]
        found = self.model.objects.in_bulk(asked[:MOST_COMPARED])
        # What answers now is what the others are compared with, else the oldest.
        versions = sorted(found.values(), key=lambda version: (not version.is_active, version.pk))
        if len(versions) < 2:
            self.message_user(request, "Select versions to compare from this list.", messages.WARNING)
            return HttpResponseRedirect(reverse(LIST))
        context = {
            **self.admin_site.each_context(request),
            "title": "Compare versions",
            "opts": self.opts,
            "media": self.media,
            **measured(versions),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/recommendations/trainedmodel/compare.html", context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        version: TrainedModel = context["original"]
        context |= measured([version])
        return super().render_change_form(request, context, *args, **kwargs)

    def get_deleted_objects(
        self, objs: Sequence[TrainedModel] | QuerySet[TrainedModel], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        rows, counts, lacking, obstacles = super().get_deleted_objects(objs, request)
        answering = [f"{version}, which is active" for version in objs if version.is_active]
        return rows, counts, lacking, [*obstacles, *answering]

    def delete_model(self, request: HttpRequest, obj: TrainedModel) -> None:
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        self._delete(request, queryset)

    def _delete(self, request: HttpRequest, versions: Iterable[TrainedModel]) -> None:
        """The rows are deleted, and the files with them, or staff are told that these may be left."""

        def remove(strategy: str, version: str, digest: str) -> None:
            try:
                wiring.model_store().remove(strategy, version, digest)
            # Any storage raises errors of its own; the rows are gone already, whichever it is.
            except Exception as error:
                logger.exception("The files of %s %s may be left.", strategy, version)
                told = f"The files of {strategy} {version} may be left: {error}"
                self.message_user(request, told, messages.WARNING)

        registry.delete(versions, remove)

    @admin.display(description="answers")
    def answers(self, version: TrainedModel) -> str:
        if not version.is_active:
            return UNSAID
        try:
            fits = wiring.config().digest(version.strategy) == version.settings_digest
        except UnknownStrategy:
            return "Active, but its strategy is not configured"
        if not fits:
            return "Active, but of other settings"
        if why := wiring.model_loader().problem(ModelRef(version.strategy, version.version)):
            return f"Active, but cannot answer: {why}"
        return format_html("<strong>{}</strong>", "Active")

    @admin.display(description="data")
    def data_window(self, version: TrainedModel) -> str:
        if version.data_from is None or version.data_to is None:
            return UNSAID
        return f"{version.data_from:%Y-%m-%d} to {version.data_to:%Y-%m-%d}"

    @admin.display(description="NDCG@10 (95 %)")
    def ndcg(self, version: TrainedModel) -> str:
        span = interval(version, "ndcg@10", 3)
        return number(version, "ndcg@10", 3) + (f" ({span})" if span else "")

    @admin.display(description="coverage")
    def coverage(self, version: TrainedModel) -> str:
        return number(version, "coverage@10", 3)

    @admin.display(description="size", ordering="n_bytes")
    def size(self, version: TrainedModel) -> str:
        return filesizeformat(version.n_bytes)
