"""Admin of trained models: compare, activate, roll back and delete. `train_models` creates them."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date, filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.timezone import localtime

from core.admin.base import BaseModelAdmin
from core.admin.deletion import delete_selected
from recommendations import wiring
from recommendations.admin.measures import UNKNOWN, interval, measured, number
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
# The most digits of an id that every database accepts.
MAX_ID_DIGITS = 18
CHANGELIST = "admin:recommendations_trainedmodel_changelist"


@admin.register(TrainedModel)
class TrainedModelAdmin(BaseModelAdmin[TrainedModel]):
    list_display = (
        "version",
        "strategy",
        "status",
        "ndcg",
        "events",
        "created_on",
    )
    list_filter = (StrategyFilter, "is_active")
    ordering = ("-created_at", "-id")
    sortable_by = ("created_on", "strategy")
    actions = (compare, activate, roll_back, make_default, delete_selected)
    instead_of_deleting = "The active version cannot be deleted; activate another version first."
    readonly_fields = (
        *("strategy", "version", "status", "activated_at"),
        *("data_from", "data_to", "n_events", "fit_seconds", "peak_mb"),
        *("configuration", "record", "created_at", "created_by"),
        *("size", "digest", "settings_digest"),
    )
    fieldsets = (
        (None, {"fields": ("strategy", "version", "status", "activated_at", "note")}),
        (
            "Training data and costs",
            {"fields": ("data_from", "data_to", "n_events", "fit_seconds", "peak_mb")},
        ),
        ("Training", {"fields": ("configuration", "record", "created_at", "created_by")}),
        (
            "Integrity of its files",
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
        """Return whether the user may change the default strategy, which is a row of another model."""
        default = self.admin_site.get_model_admin(DefaultStrategy)
        return self.has_change_permission(request) and default.has_change_permission(request)

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Return the versions side by side. 1 query besides those of the session."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        texts = request.GET.get("ids", "").split(",")
        ids = [int(text) for text in texts if text.isdecimal() and len(text) <= MAX_ID_DIGITS]
        found = self.model.objects.in_bulk(ids[:MOST_COMPARED])
        # The first column, which the others are compared with: the active version, else the oldest.
        versions = sorted(found.values(), key=lambda version: (not version.is_active, version.pk))
        if len(versions) < 2:
            self.message_user(request, "Select versions to compare from this list.", messages.WARNING)
            return HttpResponseRedirect(reverse(CHANGELIST))
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
        rows, counts, missing_permissions, protected = super().get_deleted_objects(objs, request)
        active = [f"{version}, which is active" for version in objs if version.is_active]
        return rows, counts, missing_permissions, [*protected, *active]

    def delete_model(self, request: HttpRequest, obj: TrainedModel) -> None:
        self._delete(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TrainedModel]) -> None:
        self._delete(request, queryset)

    def _delete(self, request: HttpRequest, versions: Iterable[TrainedModel]) -> None:
        """Delete the rows and the files; show a warning for files that could not be removed."""

        def remove(strategy: str, version: str, digest: str) -> None:
            try:
                wiring.model_store().remove(strategy, version, digest)
            # Each storage raises errors of its own, and the rows are already deleted.
            except Exception as error:
                logger.exception("Some files of %s %s may remain.", strategy, version)
                message = f"Some files of {strategy} {version} may remain: {error}"
                self.message_user(request, message, messages.WARNING)

        registry.delete(versions, remove)

    @admin.display(description="status")
    def status(self, version: TrainedModel) -> str:
        if not version.is_active:
            return UNKNOWN
        try:
            same_settings = wiring.config().digest(version.strategy) == version.settings_digest
        except UnknownStrategy:
            return "Active, but its strategy is not configured"
        if not same_settings:
            return "Active, but trained with other settings"
        if why := wiring.model_loader().problem(ModelRef(version.strategy, version.version)):
            return f"Active, but cannot be used: {why}"
        default = wiring.model_ref()
        is_default = (default.strategy, default.version) == (version.strategy, version.version)
        return format_html("<strong>{}</strong>", "Active, answers by default" if is_default else "Active")

    @admin.display(description="events", ordering="n_events")
    def events(self, version: TrainedModel) -> str:
        return f"{version.n_events:,}"

    @admin.display(description="trained on", ordering="created_at")
    def created_on(self, version: TrainedModel) -> str:
        return date(localtime(version.created_at), "j M Y")

    @admin.display(description="NDCG@10 (95 %)")
    def ndcg(self, version: TrainedModel) -> str:
        span = interval(version, "ndcg@10", 3)
        return number(version, "ndcg@10", 3) + (f" ({span})" if span else "")

    @admin.display(description="size", ordering="n_bytes")
    def size(self, version: TrainedModel) -> str:
        return filesizeformat(version.n_bytes)
