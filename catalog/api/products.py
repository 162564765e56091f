"""/products and the most popular of them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import selectors
from catalog.api.ids import lookup
from catalog.api.inputs import ProductInput
from catalog.api.pages import Pages
from catalog.api.payloads import Payload, popular_payload, product_payload
from catalog.api.permissions import is_staff
from catalog.api.product_filter import ProductFilter
from catalog.api.query import whole_number
from catalog.api.rows import PopularList, ProductRow
from catalog.api.viewsets import CatalogueViewSet
from catalog.models import Category, Product
from catalog.services.products import change_product, create_product, delete_product

MOST_POPULAR = 100
DEEPEST = 200  # offset + top_n at most
_HOW_MANY = {"type": "integer", "minimum": 1, "maximum": MOST_POPULAR, "default": 10}
POPULAR = [
    OpenApiParameter("top_n", _HOW_MANY, description="How many."),
    OpenApiParameter("limit", _HOW_MANY, description="The same as `top_n`; give one of them."),
    OpenApiParameter(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": DEEPEST - 1, "default": 0},
        description=f"How many of the most popular to leave out; offset + top_n is at most {DEEPEST}.",
    ),
    OpenApiParameter(
        "category", str, many=True, description="A category's exact name; repeated, products of any of them."
    ),
]


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

    def retrieve(self, request: Request, id: str) -> Response:
        """Read one."""
        staff = is_staff(request)
        page = selectors.product(lookup(id), inactive_too=staff)
        if page is None:
            raise NotFound(f"There is no {self.what} {id[:80]!r}.")
        return Response(product_payload(page, for_staff=staff))

    def payload(self, row: Product) -> Payload:
        return product_payload(row, for_staff=is_staff(self.request))

    def known_parameters(self) -> set[str]:
        if self.action == "popular":
            return {parameter.name for parameter in POPULAR}
        return super().known_parameters()

    def repeatable_parameters(self) -> set[str]:
        return {"category"} if self.action == "popular" else set()

    @extend_schema(parameters=POPULAR, responses=PopularList)
    @action(detail=False, pagination_class=None, filter_backends=[])
    def popular(self, request: Request) -> Response:
        """List the products with most interactions, dismissals apart; those without any come last.

        Inactive and sold out ones are left out. The reason and the score are as in `/recommend`.
        """
        sent = request.query_params
        if "limit" in sent and "top_n" in sent:
            raise ValidationError({"limit": ["Means the same as top_n; give one of them."]})
        name = "limit" if "limit" in sent else "top_n"
        top_n = whole_number(sent, name, default=10, high=MOST_POPULAR)
        offset = whole_number(sent, "offset", default=0, low=0, high=DEEPEST - top_n)
        rows = selectors.popular_products(_categories(sent.getlist("category")))[offset : offset + top_n]
        products = [popular_payload(row, for_staff=is_staff(request)) for row in rows]
        return Response({"count": len(products), "products": products})

    def add(self, **values: Any) -> Product:
        return create_product(**values)

    def change(self, row: Product, **values: Any) -> Product:
        return change_product(product=row, **values)

    def remove(self, row: Product) -> None:
        delete_product(product=row)


def _categories(names: list[str]) -> list[Category]:
    """Return the categories of these names; 1 query when there are any. Raises ValidationError."""
    found = list(Category.objects.filter(name__in=names)) if names else []
    if unknown := set(names) - {category.name for category in found}:
        told = ", ".join(repr(name[:80]) for name in sorted(unknown))
        raise ValidationError({"category": [f"There is no such category: {told}; see /categories."]})
    return found
