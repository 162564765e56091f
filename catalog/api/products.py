"""/products and the most popular of them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import selectors
from catalog.api.inputs import ProductInput
from catalog.api.pages import Pages
from catalog.api.payloads import Payload, product_payload
from catalog.api.permissions import is_staff
from catalog.api.product_filter import ProductFilter
from catalog.api.query import whole_number
from catalog.api.rows import PopularList, ProductRow
from catalog.api.viewsets import CatalogueViewSet
from catalog.models import Product
from catalog.services.products import change_product, create_product, delete_product

MOST_POPULAR = 100
LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MOST_POPULAR, "default": 10},
    description="How many.",
)


class ProductPages(Pages):
    rows = "products"


class ProductViewSet(CatalogueViewSet):
    """Products. Staff see the inactive ones too; a category and tags are written by name."""

    queryset = Product.objects.none()
    serializer_class = ProductInput
    row_class = ProductRow
    pagination_class = ProductPages
    filterset_class = ProductFilter
    what = "product"

    def get_queryset(self) -> QuerySet[Product]:
        return selectors.products(inactive_too=is_staff(self.request))

    def payload(self, row: Product) -> Payload:
        return product_payload(row, for_staff=is_staff(self.request))

    def known_parameters(self) -> set[str]:
        return {"limit"} if self.action == "popular" else super().known_parameters()

    @extend_schema(parameters=[LIMIT], responses=PopularList)
    @action(detail=False, pagination_class=None, filter_backends=[])
    def popular(self, request: Request) -> Response:
        """List the products with most interactions, dismissals apart; those without any come last.

        Inactive and sold out ones are left out.
        """
        limit = whole_number(request.query_params, "limit", default=10, high=MOST_POPULAR)
        rows = [
            {**self.payload(row), "interaction_count": row.interaction_count}  # type: ignore[attr-defined]
            for row in selectors.popular_products()[:limit]
        ]
        return Response({"count": len(rows), "products": rows})

    def add(self, **values: Any) -> Product:
        return create_product(**values)

    def change(self, row: Product, **values: Any) -> Product:
        return change_product(product=row, **values)

    def remove(self, row: Product) -> None:
        delete_product(product=row)
