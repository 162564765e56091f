"""Delete confirmation pages that count related rows instead of listing them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as ask_and_delete
from django.db.models import CASCADE, PROTECT, RESTRICT, Model, QuerySet
from django.db.models.deletion import get_candidate_relations_to_delete
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.text import capfirst

from core.admin import links
from core.admin.typed import ModelAdmin

M = TypeVar("M", bound=Model)
# The confirmation page sends one field per row; Django accepts 1,000 fields per form.
MAX_SELECTED = 500


class Dependants(NamedTuple):
    """The number of rows of one table that refer to the rows to be deleted.

    protects: whether they prevent the deletion; otherwise they are deleted, too
    """

    model: type[Model]
    field: str
    n: int
    protects: bool


def dependants(rows: QuerySet[Any]) -> Iterator[Dependants]:
    """Yield the tables that refer to the rows, directly or through cascades. One query per relation."""
    relation: Any
    for relation in get_candidate_relations_to_delete(rows.model._meta):
        referring = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": rows})
        if relation.on_delete in (CASCADE, PROTECT, RESTRICT) and (n := referring.count()):
            protects = relation.on_delete is not CASCADE
            yield Dependants(relation.related_model, relation.field.name, n, protects)
            if not protects:
                yield from dependants(referring)


@admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
def delete_selected(
    modeladmin: "CountedDeletion[Any]", request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Run Django's delete action, or report an error when more than MOST_AT_ONCE rows are selected."""
    n = queryset.order_by()[: MAX_SELECTED + 1].count()
    if n > MAX_SELECTED:
        name = modeladmin.opts.verbose_name_plural
        modeladmin.message_user(
            request,
            f"Nothing was deleted. Select at most {MAX_SELECTED} {name} at a time.",
            messages.ERROR,
        )
        return None
    response = ask_and_delete(modeladmin, request, queryset)
    if isinstance(response, TemplateResponse) and response.context_data is not None:
        response.context_data["instead"] = modeladmin.instead_of_deleting
    return response


class CountedDeletion(ModelAdmin[M]):
    """Model admin whose delete pages count the related rows."""

    actions: Any = (delete_selected,)
    delete_confirmation_template = "admin/core/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/core/delete_selected_confirmation.html"
    # Advice shown when a row is in use and cannot be deleted.
    instead_of_deleting: ClassVar[str] = ""

    def get_deleted_objects(
        self, objs: Sequence[M] | QuerySet[M], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return the values of Django's method: rows, counts by model, missing permissions, obstacles."""
        rows = list(objs)
        found = list(dependants(self.model._base_manager.filter(pk__in=[row.pk for row in rows])))
        taken: Counter[type[Model]] = Counter({self.model: len(rows)})
        for dependant in found:
            if not dependant.protects:
                taken[dependant.model] += dependant.n
        lacking = {str(model._meta.verbose_name) for model in taken if not self._may_delete(request, model)}
        if any(not self.has_delete_permission(request, row) for row in rows):
            lacking.add(str(self.opts.verbose_name))
        return (
            [format_html("{}: {}", capfirst(self.opts.verbose_name), links.row_link(row)) for row in rows],
            {str(model._meta.verbose_name_plural): n for model, n in taken.items()},
            lacking,
            [self._obstacle(dependant, rows) for dependant in found if dependant.protects],
        )

    def _may_delete(self, request: HttpRequest, model: type[Model]) -> bool:
        if not self.admin_site.is_registered(model):
            return True
        return self.admin_site.get_model_admin(model).has_delete_permission(request)

    def _obstacle(self, dependant: Dependants, rows: list[M]) -> str:
        opts = dependant.model._meta
        name = opts.verbose_name if dependant.n == 1 else opts.verbose_name_plural
        if len(rows) == 1 and self.admin_site.is_registered(dependant.model):
            number = links.count_link(dependant.model, dependant.n, **{dependant.field: rows[0].pk})
            return format_html("{} {}", number, name)
        return f"{dependant.n:,} {name}"

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        return super().render_delete_form(request, {**context, "instead": self.instead_of_deleting})
