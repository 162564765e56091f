"""Pages of a user's history: by number, or by a cursor, which events that arrive meanwhile do not move."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from catalog.models import Interaction
from core.api.pages import Schema, StrictPagination

# The microseconds since 1970 and the id of the last event of a page.
_CURSOR = re.compile(r"(?P<at>-?[0-9]{1,17})_(?P<id>[0-9]{1,18})")
_START, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class HistoryPagination(StrictPagination):
    """Pages with `next_cursor`, which leads to the events after the last one of the page."""

    rows = "interactions"

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Interaction], request: Request, view: Any = None
    ) -> list[Interaction] | None:
        """Return the events of the page. 2 queries. queryset: newest first, then by the highest id"""
        sent = request.query_params.get("cursor")
        if sent is None:
            rows = super().paginate_queryset(queryset, request, view)
            has_more = bool(rows) and self.page.has_next()  # type: ignore[union-attr]
            self.next_cursor = _cursor(rows[-1]) if rows and has_more else None
            return rows
        if "page" in request.query_params:
            raise ValidationError({"cursor": ["Send either page or cursor."]})
        at, id = _place(sent)
        size = self.get_page_size(request)
        older = queryset.filter(occurred_at__lte=at).filter(Q(occurred_at__lt=at) | Q(id__lt=id))
        found = list(older[: size + 1])
        self.next_cursor = _cursor(found[size - 1]) if len(found) > size else None
        self._count = queryset.count()
        self._url = request.build_absolute_uri()
        return found[:size]

    def get_paginated_response(self, data: Any) -> Response:
        if hasattr(self, "_url"):
            cursor = self.next_cursor
            following = None if cursor is None else replace_query_param(self._url, "cursor", cursor)
            page = {"count": self._count, "next": following, "previous": None}
        else:
            page = super().get_paginated_response(data).data
            del page[self.rows]
        return Response({**page, "next_cursor": self.next_cursor, self.rows: data})

    def get_schema_operation_parameters(self, view: Any) -> list[Schema]:
        cursor = {
            "name": "cursor",
            "in": "query",
            "required": False,
            "description": "The `next_cursor` of a page, instead of `page`. Events that arrive meanwhile "
            "move no event from one page to another.",
            "schema": {"type": "string", "pattern": "^-?[0-9]{1,17}_[0-9]{1,18}$"},
        }
        return [*super().get_schema_operation_parameters(view), cursor]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        found = super().get_paginated_response_schema(schema)
        cursor = {"type": "string", "nullable": True, "description": "Null on the last page."}
        return {
            **found,
            "required": [*found["required"], "next_cursor"],
            "properties": {**found["properties"], "next_cursor": cursor},
        }


def _cursor(event: Interaction) -> str:
    return f"{(event.occurred_at - _START) // _MICROSECOND}_{event.pk}"


def _place(text: str) -> tuple[datetime, int]:
    """Return the time and the id of a cursor. Raises ValidationError."""
    form = _CURSOR.fullmatch(text)
    try:
        if form is not None:
            return _START + timedelta(microseconds=int(form["at"])), int(form["id"])
    except OverflowError:
        pass
    raise ValidationError({"cursor": ["Must be the next_cursor of a page."]})
