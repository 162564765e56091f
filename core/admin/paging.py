"""Pagination whose cost depends on the rows shown, not on the size of the table."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.utils.functional import cached_property

from core.admin.strict import StrictChangeList
from core.admin.typed import Paginator


class BoundedPaginator(Paginator[Any]):
    """Paginator that stops counting at `most` rows; filters reach the rows beyond."""

    most = 100_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by()[: self.most].count()

    @property
    def is_cut(self) -> bool:
        """Return whether there may be more rows than were counted."""
        return self.count == self.most


class CountingChangeList(StrictChangeList):
    """Change list that reads the rows of one page and counts their related rows, one query per relation.

    The main query selects only the ids. SQLite would carry every selected column, and every count, through
    the sort of the whole table.
    """

    page_counts: dict[str, str] = {}
    # Whether there may be more rows than were counted.
    is_cut = False

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.is_cut = getattr(self.paginator, "is_cut", False)
        if self.is_cut:
            # With equal numbers the search form does not show the limit as a number of results.
            self.full_result_count = self.result_count
        ids = list(self.result_list.values_list("pk", flat=True))
        rows = self.apply_select_related(self.root_queryset).in_bulk(ids)
        self.result_list = [rows[pk] for pk in ids if pk in rows]
        for name, relation in self.page_counts.items():
            counts = dict(
                self.model._base_manager.filter(pk__in=ids)
                .order_by()
                .values_list("pk")
                .annotate(n=Count(relation))
            )
            for row in self.result_list:
                setattr(row, name, counts.get(row.pk, 0))
