"""/products."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from access.permissions import sees_inactive_products
from access.policies import Policy, reads, writes
from access.scopes import Scope
from access.throttle_scopes import BULK_PUT
from catalog import selectors
from catalog.api.bulk import (
    MAX_PRODUCTS_BYTES,
    MAX_PRODUCTS_ELEMENTS,
    NDJSON,
    JsonArrayParser,
    JsonLinesParser,
    digest,
    sent_rows,
)
from catalog.api.catalogue_bulk import PARAMETER_NAMES, PARAMETERS, import_call, put_products
from catalog.api.idempotent import KEY, answer_once
from catalog.api.inputs import ProductInput
from catalog.api.payloads import Payload, product_payload
from catalog.api.product_filter import ATTRIBUTE, ProductFilter
from catalog.api.row_inputs import ProductRowInput
from catalog.api.serializers import BulkProductResult, ProductRow
from catalog.api.viewsets import CatalogueViewSet
from catalog.models import Product
from catalog.search.found import FoundProducts
from catalog.services.products import change_product, create_product, delete_product
from core.api.pages import StrictPagination
from core.api.query import lookup
from core.api.responses import json_response, to_json
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
        "bulk": [
            {"external_id": "example-1", "name": "Example cup", "price": 4.5, "stock": 12},
            {"external_id": "example-2", "name": "Example plate", "price": 6, "category": "Kitchen & Dining"},
        ],
    }
    no_array = "The body must be an array of products; send a single product to /products/{id}."
    also_answers = ("422",)
    # A character of JSON takes up to 12 bytes (two escapes). A product has 104 lines, 2 URLs, a text, and
    # attributes of as many characters.
    max_body_bytes = 12 * (2 * MAX_TEXT_LENGTH + (MAX_TAGS + 4) * MAX_LENGTH + 2 * MAX_URL_LENGTH) + 8 * KIB
    conditional = frozenset({"list", "retrieve"})
    policies = {**reads(Scope.CATALOG_READ, shoppers=True), **writes(Scope.CATALOG_WRITE, "catalog.product")}

    def known_parameters(self) -> set[str]:
        return PARAMETER_NAMES if self.action == "bulk" else super().known_parameters()

    def repeatable_parameters(self) -> set[str]:
        return {f"{ATTRIBUTE}NAME"}

    @property
    def operation_ids(self) -> dict[str, str]:
        return {**super().operation_ids, "bulk": "put_products_in_bulk"}

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

    @extend_schema(
        parameters=[KEY, *PARAMETERS],
        request={"application/json": ProductRowInput(many=True), "application/x-ndjson": NDJSON},
        responses={207: BulkProductResult},
    )
    @action(
        detail=False,
        methods=["put"],
        parser_classes=[JsonArrayParser, JsonLinesParser],
        throttle_scopes=BULK_PUT,
        max_body_bytes=MAX_PRODUCTS_BYTES,
        max_body_elements=MAX_PRODUCTS_ELEMENTS,
        policies={"PUT": Policy(Scope.CATALOG_WRITE, ("catalog.add_product", "catalog.change_product"))},
    )
    def bulk(self, request: Request) -> HttpResponse:
        """Create or replace 1 to 10,000 products by external id, and return the status of each.

        `status` is 201 for a new product, 200 for one that exists, 409 for an external id that an earlier
        row of the request has, and 422 for an invalid row; the others are stored. Fields are as in PUT of
        one product. One line of JSON per product is accepted, too, as `application/x-ndjson`. Calls with the
        same `import` are one import; the one with `finish` says how many products it did not have.
        """
        sent = sent_rows(request)
        named, now = import_call(request.query_params), timezone.now()
        query = sorted(request.query_params.items())
        return answer_once(
            request,
            lambda: digest(to_json(["/products/bulk", query, sent.digest])),
            lambda: put_products(request, sent.rows, named, now),
            now,
        )

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
