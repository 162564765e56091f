"""Pagination that rejects an invalid page or page size instead of adjusting it."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.query import whole_number

Schema = dict[str, Any]


class StrictPagination(PageNumberPagination):
    """Paginated lists of the form {"count", "next", "previous", <rows>}. rows: the key of the list."""

    rows = "rows"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    page_query_description = "The page number, from 1."
    page_size_query_description = f"The number of rows per page, 1 to {max_page_size}. Default: {page_size}."

    def get_page_size(self, request: Request) -> int:
        return whole_number(
            request.query_params, "page_size", default=self.page_size, high=self.max_page_size
        )

    def get_page_number(self, request: Request, paginator: Any) -> int:
        number = whole_number(request.query_params, "page", default=1)
        if number > paginator.num_pages:
            raise NotFound(f"Page {number} does not exist; the last page is {paginator.num_pages}.")
        return number

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "count": self.page.paginator.count,  # type: ignore[union-attr]
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                self.rows: data,
            }
        )

    def get_schema_operation_parameters(self, view: Any) -> list[Schema]:
        """Return the OpenAPI parameters `page` and `page_size` with their limits."""
        maximum = {self.page_size_query_param: {"maximum": self.max_page_size}}
        return [
            {
                **parameter,
                "schema": {**parameter["schema"], "minimum": 1, **maximum.get(parameter["name"], {})},
            }
            for parameter in super().get_schema_operation_parameters(view)
        ]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["count", "next", "previous", self.rows],
            "properties": {"count": {"type": "integer"}, "next": link, "previous": link, self.rows: schema},
        }
