"""The table from exceptions to HTTP statuses, and the exception handler of the API."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, IntegrityError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request

from access.errors import TooManyPasswords
from catalog.errors import (
    CannotMerge,
    EventIdReused,
    IdempotencyKeyReused,
    ImportIncomplete,
    InUse,
    InvalidEvents,
    InvalidIdempotencyKey,
    NoRows,
    TooManyEvents,
    UnknownInteraction,
    UnknownUser,
    WasMerged,
)
from core.api.field_errors import FieldError, field_errors
from recommendations.errors import BadRequest, UnknownProduct, UnknownShopper, UnknownStrategy
from recsite.database_writes import writes
from recsite.http import throttling
from recsite.http.problems import problem, summarize

LOG_IN = (
    "Authentication is required: send Authorization: Api-Key <key> or Authorization: Bearer <token>, "
    "or log in at /admin/ and send the session cookie."
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """The status of an exception.

    detail:      the message for callers, None for the exception's own
    retry_after: seconds until a retry may succeed, None if it would not
    """

    status: int
    detail: str | None = None
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


REFUSED_WRITE = ErrorResponse(
    503, "The database accepts no changes at the moment. Try again later.", retry_after=5
)

# The first matching class applies, so subclasses come before their base class.
TABLE: tuple[tuple[type[Exception], ErrorResponse], ...] = (
    (InvalidEvents, ErrorResponse(400)),
    (EventIdReused, ErrorResponse(409)),
    (InvalidIdempotencyKey, ErrorResponse(400)),
    (IdempotencyKeyReused, ErrorResponse(422)),
    (TooManyEvents, ErrorResponse(413)),
    (NoRows, ErrorResponse(400)),
    (ImportIncomplete, ErrorResponse(409)),
    (InUse, ErrorResponse(409)),
    (CannotMerge, ErrorResponse(409)),
    (WasMerged, ErrorResponse(409)),
    (UnknownUser, ErrorResponse(404)),
    (UnknownInteraction, ErrorResponse(404)),
    (BadRequest, ErrorResponse(400)),
    (UnknownProduct, ErrorResponse(404)),
    (UnknownShopper, ErrorResponse(404)),
    (UnknownStrategy, ErrorResponse(400)),
    (TooManyPasswords, ErrorResponse(429, retry_after=1)),
    (ProtectedError, ErrorResponse(409, "Other rows refer to this one, so it cannot be deleted.")),
    (
        IntegrityError,
        ErrorResponse(409, "The same rows were changed at the same time. Read them again, then retry."),
    ),
    (
        OperationalError,
        ErrorResponse(503, "The database is unavailable. Try again in a moment.", retry_after=1),
    ),
    (RequestDataTooBig, ErrorResponse(413, "The request is too large. Send it in smaller parts.")),
    (SuspiciousOperation, ErrorResponse(400, "The request is invalid; the server's log says why.")),
    (Http404, ErrorResponse(404, "This URL does not exist.")),
    (PermissionDenied, ErrorResponse(403, "You do not have permission to do this.")),
)


def problem_response(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Return the problem document of an exception in a view, or None for a bug, which becomes a plain 500.

    The document is JSON, whatever the view would have rendered.
    """
    request: Request = context["request"]
    exc = throttling.count_failed(exc, request, context.get("view"))
    if isinstance(exc, exceptions.APIException):
        return _of_rest_framework(exc, request, hide=getattr(context.get("view"), "hides_values", False))
    response = _response(exc)
    if response is None:
        return None
    serious = response.status >= 500
    level = logging.ERROR if serious else logging.INFO
    errors: list[FieldError] = getattr(exc, "errors", [])
    summary = summarize(errors)
    logged = f"{type(exc).__name__}: {summary}" if errors else exc
    logger.log(level, "%s %s: %r", request.method, request.path, logged, exc_info=exc if serious else None)
    detail = " ".join(filter(None, [response.detail or str(exc), summary]))
    return problem(response.status, detail, errors=errors, headers=response.headers)


def database_failed(exc: BaseException | None) -> HttpResponse | None:
    """Return the 503 for a database that is unavailable or takes no changes, None for other exceptions."""
    response = _response(exc) if isinstance(exc, DatabaseError) else None
    if response is None or response.status != 503:
        return None
    return problem(response.status, response.detail or "", headers=response.headers)


def _response(exc: Exception) -> ErrorResponse | None:
    if writes.note(exc):
        return REFUSED_WRITE
    return next((response for kind, response in TABLE if isinstance(exc, kind)), None)


def _of_rest_framework(exc: exceptions.APIException, request: Request, *, hide: bool) -> HttpResponse:
    headers: dict[str, str] = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if exc.status_code >= 500:
        logger.error("%s %s answered %d", request.method, request.path, exc.status_code, exc_info=exc)
    if isinstance(exc, exceptions.ValidationError):
        errors = field_errors(exc.detail, {} if hide else _sent_values(request))
        return problem(exc.status_code, summarize(errors), errors=errors, headers=headers)
    detail = LOG_IN if isinstance(exc, exceptions.NotAuthenticated) else str(exc.detail)
    return problem(exc.status_code, detail, headers=headers)


def _sent_values(request: Request) -> Mapping[str, Any]:
    """Return the values that the caller sent, by name. A query parameter hides a body field of its name."""
    try:
        body = request.data
    except exceptions.APIException:  # the query was refused before the body was parsed
        body = None
    return {**(body if isinstance(body, Mapping) else {}), **request.query_params.dict()}
