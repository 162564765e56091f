"""Cuts a list into pages; a page or size that cannot be is refused, never bent."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.query import whole_number

Schema = dict[str, Any]


class Pages(PageNumberPagination):
    """Answers {"count", "next", "previous", <rows>}. rows: what the list is called; a subclass says it."""

    rows = "rows"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    page_query_description = "Which page, from 1."
    page_size_query_description = f"Rows on a page, 1 to {max_page_size}; {page_size} when not given."

    def get_page_size(self, request: Request) -> int:
        return whole_number(
            request.query_params, "page_size", default=self.page_size, high=self.max_page_size
        )

    def get_page_number(self, request: Request, paginator: Any) -> int:
        number = whole_number(request.query_params, "page", default=1)
        if number > paginator.num_pages:
            raise NotFound(f"There is no page {number}; the last is {paginator.num_pages}.")
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
        """Return what the schema says of `page` and `page_size`: from where to where they go."""
        most = {self.page_size_query_param: {"maximum": self.max_page_size}}
        return [
            {**told, "schema": {**told["schema"], "minimum": 1, **most.get(told["name"], {})}}
            for told in super().get_schema_operation_parameters(view)
        ]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["count", "next", "previous", self.rows],
            "properties": {"count": {"type": "integer"}, "next": link, "previous": link, self.rows: schema},
        }
