"""Read-only inline with a user's newest interactions; a wholesale customer may have thousands."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from catalog.models import Interaction, User
from core.admin import links
from core.admin.typed import InlineFormSet, TabularInline

N_SHOWN = 20


class NewestInteractions(InlineFormSet[Interaction, User, Any]):
    """Formset of the newest events of one user. Ignores submitted data."""

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.listing_url = links.listing_url(Interaction, user=self.instance.pk)

    def get_queryset(self) -> QuerySet[Interaction]:
        if not hasattr(self, "_newest"):
            self._newest = super().get_queryset()[:N_SHOWN]
        return self._newest

    @cached_property
    def n_stored(self) -> int:
        return self.instance.interactions.count()

    def title(self) -> str:
        if self.n_stored > N_SHOWN:
            return f"Newest {N_SHOWN} of {self.n_stored:,} interactions"
        return "Interactions"

    def all_of_them(self) -> str:
        return "1 interaction" if self.n_stored == 1 else f"All {self.n_stored:,} interactions"

    def is_valid(self) -> bool:
        return True

    def save(self, commit: bool = True) -> list[Interaction]:
        self.new_objects: list[Interaction] = []
        self.changed_objects: list[Any] = []
        self.deleted_objects: list[Interaction] = []
        return []


class HistoryInline(TabularInline[Interaction, User]):
    model = Interaction
    formset = NewestInteractions
    template = "admin/catalog/user/history.html"
    fields = ("occurred_at", "action_type", "product")
    readonly_fields = fields
    can_delete = False
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Interaction]:
        return Interaction.objects.newest_first().select_related("product")

    def has_add_permission(  # type: ignore[override]
        self, request: HttpRequest, obj: User | None
    ) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False
