"""/products."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from access.permissions import sees_inactive_products
from access.policies import reads, writes
from access.scopes import Scope
from catalog import selectors
from catalog.api.inputs import ProductInput
from catalog.api.payloads import Payload, product_payload
from catalog.api.product_filter import ATTRIBUTE, ProductFilter
from catalog.api.serializers import ProductRow
from catalog.api.viewsets import CatalogueViewSet
from catalog.models import Product
from catalog.search.found import FoundProducts
from catalog.services.products import change_product, create_product, delete_product
from core.api.pages import StrictPagination
from core.api.query import lookup
from core.api.responses import json_response
from core.api.views import KIB
from core.folding import fold
from core.text import MAX_LENGTH, MAX_TAGS, MAX_TEXT_LENGTH, MAX_URL_LENGTH, cut


class ProductPagination(StrictPagination):
    rows = "products"


class ProductViewSet(CatalogueViewSet):
    """Only staff see inactive products. Category and tags are given by name."""

    queryset = Product.objects.none()
    serializer_class = ProductInput
    row_class = ProductRow
    pagination_class = ProductPagination
    filterset_class = ProductFilter
    what = "product"
    plural = "products"
    example_ids = {"update": "ext:example", "destroy": "ext:example"}
    body_examples = {
        "create": {
            "name": "Example cup",
            "price": 4.5,
            "category": "Kitchen & Dining",
            "tags": ["cup"],
        },
        "update": {"name": "Example cup", "price": 4.5, "category": "Kitchen & Dining", "stock": 12},
        "partial_update": {"stock": 25},
    }
    # A character of JSON takes up to 12 bytes (two escapes). A product has 104 lines, 2 URLs, a text, and
    # attributes of as many characters.
    max_body_bytes = 12 * (2 * MAX_TEXT_LENGTH + (MAX_TAGS + 4) * MAX_LENGTH + 2 * MAX_URL_LENGTH) + 8 * KIB
    conditional = frozenset({"list", "retrieve"})
    policies = {**reads(Scope.CATALOG_READ, shoppers=True), **writes(Scope.CATALOG_WRITE, "catalog.product")}

    def repeatable_parameters(self) -> set[str]:
        return {f"{ATTRIBUTE}NAME"}

    def get_queryset(self) -> QuerySet[Product]:
        return selectors.products(inactive_too=sees_inactive_products(self.request))

    def retrieve(self, request: Request, id: str) -> HttpResponse:
        """Return a product."""
        staff = sees_inactive_products(request)
        page = selectors.product(lookup(id), inactive_too=staff)
        if page is None:
            raise NotFound(f"There is no {self.what} {cut(id)!r}.")
        payload = product_payload(page, for_staff=staff, now=timezone.now())
        return json_response(request, payload, to_anybody=not staff)

    def list(self, request: Request, **kwargs: str) -> HttpResponse:
        """List products, paginated."""
        return json_response(request, self.page(), to_anybody=not sees_inactive_products(request))

    def paginate_queryset(self, queryset: Any) -> Any:
        """Return the products of the requested page. The phrase is searched for in what the filters leave."""
        phrase = fold(self.request.query_params.get("search", ""))
        if not phrase:
            return super().paginate_queryset(queryset)
        found: Any = FoundProducts(queryset, phrase)
        ids: Any = super().paginate_queryset(found)
        details = selectors.product_details(ids)
        return [details[key] for key in ids if key in details]

    def payload(self, row: Product | selectors.ProductDetails) -> Payload:
        staff = sees_inactive_products(self.request)
        payload = product_payload(row, for_staff=staff, now=timezone.now())
        if isinstance(row, Product):
            # The row and its prefetched tags refer to each other.
            vars(row).pop("_prefetched_objects_cache", None)
        return payload

    def add(self, **values: Any) -> Product:
        return create_product(**values)

    def change(self, row: Product, **values: Any) -> Product:
        return change_product(product=row, **values)

    def remove(self, row: Product) -> None:
        delete_product(product=row)
