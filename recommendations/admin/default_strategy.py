"""Admin of the default strategy: one row, or none if the setting applies."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Field
from django.http import HttpRequest
from django.utils import timezone

from core.admin.base import BaseModelAdmin
from recommendations import wiring
from recommendations.errors import UnknownStrategy
from recommendations.models import DefaultStrategy


def cannot_answer(strategy: str) -> str:
    """Return a sentence on why the strategy cannot be the default, or "" if it can."""
    try:
        model = wiring.model_ref(strategy)
    except UnknownStrategy as error:
        return str(error)
    if not wiring.is_trained(strategy):
        return ""
    if not model.version:
        return f"No version of {strategy} is active; activate one first."
    return wiring.model_loader().problem(model)


def _validate(strategy: str) -> None:
    if strategy in wiring.config().strategies and (why := cannot_answer(strategy)):
        raise ValidationError(why)


@admin.register(DefaultStrategy)
class DefaultStrategyAdmin(BaseModelAdmin[DefaultStrategy]):
    list_display = ("strategy", "changed_at")
    fields = ("strategy", "changed_at")
    readonly_fields = ("changed_at",)
    also_written = ("changed_at",)
    ordering = ("id",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Return the list, which says what answers. 1 query more."""
        default = wiring.model_ref()
        version = f", version {default.version}" if default.version else ""
        origin = "the row below" if DefaultStrategy.objects.exists() else "the setting DEFAULT_STRATEGY"
        note = f"{default.strategy}{version} answers requests that name no strategy, by {origin}."
        return super().changelist_view(request, {**(extra_context or {}), "subtitle": note})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the row may be added. Only this model's own pages query whether it exists."""
        if not super().has_add_permission(request):
            return False
        match = request.resolver_match
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        if match is not None and not (match.url_name or "").startswith(prefix):
            return True  # the index of all models, which links to these pages
        return not DefaultStrategy.objects.exists()

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Return a choice field of the configured strategies."""
        if db_field.name != "strategy":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        setting = wiring.config().default_strategy
        return forms.ChoiceField(
            # A strategy that is no longer configured shows as the empty choice, not as another strategy.
            choices=[("", "---------"), *((name, name) for name in sorted(wiring.config().strategies))],
            validators=[_validate],
            help_text=f"For requests that name no strategy. Without this row the setting applies: {setting}.",
        )

    def save_model(self, request: HttpRequest, obj: DefaultStrategy, form: Any, change: bool) -> None:
        obj.changed_at = timezone.now()
        super().save_model(request, obj, form, change)
