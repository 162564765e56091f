"""Admin of stored lists, which staff can read and delete. `generate_recommendations` creates them."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from catalog.models import User
from core.admin import links
from core.admin.base import BaseModelAdmin
from core.admin.filters import DateRangeFilter, RelatedFilter
from core.admin.search import find_ids
from recommendations import wiring
from recommendations.admin.lines import stored_lines
from recommendations.admin.shopper import shopper_page
from recommendations.models import StoredList
from recommendations.selectors.products import details
from recommendations.serving.results import POPULAR
from recommendations.serving.stored import picks_from_json


class UserFilter(RelatedFilter):
    field_name = "user"
    most_links = 0


class StrategyFilter(admin.SimpleListFilter):
    """Filter by the configured strategies, without a query for the choices."""

    title = "strategy"
    parameter_name = "strategy"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(name, name) for name in wiring.config().strategies]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StoredList]) -> QuerySet[StoredList]:
        return queryset.filter(strategy=self.value()) if self.value() else queryset


class FallbackFilter(admin.SimpleListFilter):
    title = "fallback"
    parameter_name = "fallback"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(POPULAR, "Popular products only"), ("none", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StoredList]) -> QuerySet[StoredList]:
        if not self.value():
            return queryset
        return queryset.filter(fallback="" if self.value() == "none" else self.value())


@admin.register(StoredList)
class StoredListAdmin(BaseModelAdmin[StoredList]):
    list_display = ("user_name", "strategy", "n_products", "fallback_used", "event_count", "generated_at")
    list_select_related = ("user",)
    list_filter = (StrategyFilter, FallbackFilter, ("generated_at", DateRangeFilter), UserFilter)
    # Required for the search box; `get_search_results` defines what is searched.
    search_fields = ("user__external_id",)
    search_help_text = "The exact ID, external ID or name of a user."
    ordering = ("-generated_at", "-id")
    sortable_by = ("generated_at",)
    fieldsets = (
        (None, {"fields": ("user_link", "strategy", "fallback_used", "generated_at", "summary")}),
        ("Explanation", {"fields": ("explanation", "explanation_source")}),
        (
            "Validity",
            {
                "classes": ("collapse",),
                "fields": ("top_n", "event_count", "history_version", "digest", "explanation_digest"),
            },
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "shopper/<int:user_id>/",
            self.admin_site.admin_view(self.shopper_view),
            name="recommendations_shopper",
        )
        return [page, *super().get_urls()]

    def shopper_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        return shopper_page(self, request, user_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StoredList | None = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StoredList], search_term: str
    ) -> tuple[QuerySet[StoredList], bool]:
        """Return the lists of the users that match the term, at most 500 users. 1 query to find them."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(user__in=find_ids(User, term)), False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        stored: StoredList = context["original"]
        try:
            picks = picks_from_json(stored.picks)
        except (TypeError, ValueError):
            picks = []
            self.message_user(request, "This list is damaged, so it is not served.", messages.WARNING)
        context["lines"] = stored_lines(picks, details(pick.product_id for pick in picks))
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="user")
    def user_name(self, stored: StoredList) -> str:
        return str(stored.user)

    @admin.display(description="user")
    def user_link(self, stored: StoredList) -> SafeString:
        return links.row_link(stored.user)

    @admin.display(description="products")
    def n_products(self, stored: StoredList) -> int:
        return len(stored.picks)

    @admin.display(description="fallback")
    def fallback_used(self, stored: StoredList) -> str:
        return stored.fallback or "–"
