"""Base classes of the shop's model admins."""

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Field, Model
from django.forms import Media
from django.http import HttpRequest

from core.admin.deletion import CountedDeletion
from core.admin.filters import RelatedFilter
from core.admin.paging import CountingChangeList
from core.admin.strict import StrictAdmin

M = TypeVar("M", bound=Model)


class BaseModelAdmin(StrictAdmin, CountedDeletion[M]):
    """Admin of a model with many rows: short pages, no facet counts, related rows counted per page only."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    # Attribute to set on each row of a page → relation whose rows it counts.
    page_counts: ClassVar[dict[str, str]] = {}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return type("ChangeList", (CountingChangeList,), {"page_counts": self.page_counts})

    @property
    def media(self) -> Media:
        """Return the model's own scripts and styles, and those of its autocomplete filters."""
        media = super().media + Media(css={"all": ["core/admin.css"]})
        for entry in self.list_filter:
            if isinstance(entry, type) and issubclass(entry, RelatedFilter):
                field: Field[Any, Any] = entry.field_of(self.model)
                media += AutocompleteSelect(field, self.admin_site).media
        return media


class ReadOnlyModelAdmin(BaseModelAdmin[M]):
    """Admin of a model whose rows the service writes: staff only look at them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
