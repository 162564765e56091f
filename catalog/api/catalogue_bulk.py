"""PUT /products/bulk and PUT /users/bulk: parameters, and the result of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from access.permissions import caller
from catalog.api.bulk import MULTI_STATUS, rows_body
from catalog.api.row_inputs import ReadRows, read_products, read_users, refuse_former
from catalog.errors import NoRows, TooManyEvents
from catalog.importing.named_imports import Missing, NamedImport, finish_import, note_products
from catalog.importing.sent_rows import StoredRows, store_products, store_shoppers
from catalog.services.bulk_interactions import MAX_ROWS, REFUSED, REPEATED, STORED, Outcome
from catalog.services.idempotency import StoredResponse
from core.api.query import whole_number
from core.text import MAX_LENGTH

REPORT, DEACTIVATE = "report", "deactivate"
_MOST = 100_000_000
_CHOICES = {"missing": (REPORT, DEACTIVATE), "finish": ("true", "false")}
PARAMETERS = [
    OpenApiParameter(
        "import",
        {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH},
        description="The name of an import of several calls, such as `catalogue-2026-01-15`. Choose a new "
        "one for each import.",
    ),
    OpenApiParameter(
        "finish",
        {"type": "boolean", "default": False},
        description="True with the last call of the import, which may have no rows.",
    ),
    OpenApiParameter(
        "total",
        {"type": "integer", "minimum": 0, "maximum": _MOST},
        description="With `finish`, required: how many products all calls of the import had together.",
    ),
    OpenApiParameter(
        "missing",
        {"type": "string", "enum": [REPORT, DEACTIVATE], "default": REPORT},
        description="What `finish` does with active products that the import did not have: count them, or "
        "deactivate them, too.",
    ),
]
PARAMETER_NAMES = {parameter.name for parameter in PARAMETERS}


@dataclass(frozen=True, slots=True)
class ImportCall:
    """A call of a named import. total: of the products of all calls; None unless this is the last one"""

    name: str
    total: int | None
    deactivates: bool


def import_call(query: QueryDict) -> ImportCall | None:
    """Return the call of a named import, None without a name. Raises ValidationError."""
    for parameter, allowed in _CHOICES.items():
        if (sent := query.get(parameter)) is not None and sent not in allowed:
            raise ValidationError({parameter: [f"Must be {' or '.join(allowed)}."]})
    name, is_last = query.get("import"), query.get("finish") == "true"
    if name is None:
        for other in sorted(PARAMETER_NAMES & query.keys()):
            message = "Is for an import of several calls; give its name as import."
            raise ValidationError({other: [message]})
        return None
    if not 1 <= len(name) <= MAX_LENGTH:
        raise ValidationError({"import": [f"Must be a name of 1 to {MAX_LENGTH} characters."]})
    if is_last and "total" not in query:
        message = "Is required with finish=true: how many products all calls of the import had together."
        raise ValidationError({"total": [message]})
    if "total" in query and not is_last:
        raise ValidationError({"total": ["Is for the last call; send it with finish=true."]})
    total = whole_number(query, "total", default=0, low=0, high=_MOST) if is_last else None
    return ImportCall(name, total, query.get("missing") == DEACTIVATE)


def put_products(
    request: Request, sent: Sequence[object], named: ImportCall | None, now: datetime
) -> StoredResponse:
    """Store the valid products and return the response.

    Raises NoRows, TooManyEvents, and ImportIncomplete for the last call of an import that lacks others.
    """
    _check_number(sent, may_be_empty=named is not None and named.total is not None)
    read = read_products(sent)
    stored = store_products(list(read.valid.values()))
    external_ids = {index: row["external_id"] for index, row in read.valid.items()}
    missing = None
    if named is not None:
        of = NamedImport(caller(request), named.name)
        if sent:
            note_products(of, sorted(read.present), now)
        if named.total is not None:
            missing = finish_import(of, total=named.total, deactivates=named.deactivates, now=now)
    more = {} if missing is None else {"missing": _missing(missing)}
    return _response(len(sent), read, stored, external_ids, more)


def put_users(sent: Sequence[object]) -> StoredResponse:
    """Store the valid users and return the response. Raises NoRows, TooManyEvents."""
    _check_number(sent)
    read = read_users(sent)
    refuse_former(read)
    stored = store_shoppers(list(read.valid.values()))
    external_ids = {index: row.external_id for index, row in read.valid.items()}
    return _response(len(sent), read, stored, external_ids, {})


def _check_number(sent: Sequence[object], *, may_be_empty: bool = False) -> None:
    if len(sent) > MAX_ROWS:
        raise TooManyEvents(len(sent), MAX_ROWS)
    if not sent and not may_be_empty:
        raise NoRows(MAX_ROWS)


def _missing(missing: Missing) -> dict[str, int]:
    return {"count": missing.count, "deactivated": missing.count if missing.is_deactivated else 0}


def _response(
    n_rows: int,
    read: ReadRows[Any],
    stored: StoredRows,
    external_ids: Mapping[int, str],
    more: Mapping[str, Any],
) -> StoredResponse:
    outcomes = []
    for index in range(n_rows):
        key = external_ids.get(index)
        if key is None:
            errors = tuple(read.faults.get(index, ()))
            outcomes.append(Outcome(read.status.get(index, REFUSED), None, errors))
        else:
            outcomes.append(Outcome(STORED if key in stored.created else REPEATED, stored.ids[key]))
    counts = stored.counts
    summary = {
        "count": n_rows,
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "refused": n_rows - len(external_ids),
        **more,
    }
    return StoredResponse(MULTI_STATUS, rows_body(summary, outcomes))
