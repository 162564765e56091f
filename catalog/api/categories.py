"""/categories, each with its number of active products."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from access.policies import reads, writes
from access.scopes import Scope
from catalog import selectors
from catalog.api.inputs import CategoryInput
from catalog.api.payloads import Payload, category_payload
from catalog.api.serializers import CategoryList, CategoryRow
from catalog.api.viewsets import CatalogueViewSet
from catalog.models import Category
from catalog.services.categories import change_category, create_category, delete_category
from core.api.query import lookup
from core.text import cut


class CategoryViewSet(CatalogueViewSet):
    """Categories have numeric ids only, no external ids."""

    queryset = Category.objects.none()
    serializer_class = CategoryInput
    row_class = CategoryRow
    pagination_class = None
    what = "category"
    plural = "categories"
    policies = {**reads(Scope.CATALOG_READ, shoppers=True), **writes(Scope.CATALOG_WRITE, "catalog.category")}
    id_in_path = "The numeric id."
    example_ids = {"": "1", "update": "17", "partial_update": "17", "destroy": "17"}
    body_examples = {
        "create": {"name": "Example"},
        "update": {"name": "Example"},
        "partial_update": {"name": "Example"},
    }

    def get_queryset(self) -> QuerySet[Category]:
        return selectors.categories()

    def payload(self, row: Category) -> Payload:
        return category_payload(row)

    @extend_schema(responses=CategoryList)
    def list(self, request: Request, **kwargs: str) -> Response:
        """List all categories, ordered by path."""
        rows = [self.payload(row) for row in self.get_queryset()]
        return Response({"count": len(rows), "categories": rows})

    def find(self, id: str) -> Category | None:
        if "external_id" in lookup(id):
            raise NotFound(
                f"There is no category {cut(id)!r}: categories have numeric ids only; see /categories."
            )
        return super().find(id)

    def update(self, request: Request, id: str) -> Response:
        """Rename a category, or move it below another one."""
        row = self.get_object()
        return self.shown(self.change(row, **self.checked(request.data, row=row)))

    def add(self, **values: Any) -> Category:
        return create_category(**values)

    def change(self, row: Category, **values: Any) -> Category:
        return change_category(category=row, **values)

    def remove(self, row: Category) -> None:
        delete_category(category=row)
