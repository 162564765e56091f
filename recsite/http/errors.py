"""The one table from error to status: what a domain error is called on the web."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request

from catalog.errors import IdempotencyKeyReused, InUse, InvalidEvents, InvalidIdempotencyKey, TooManyEvents
from recommendations.errors import BadRequest, UnknownProduct, UnknownShopper, UnknownStrategy
from recsite.http import throttling
from recsite.http.problems import Fault, faults, problem, sentence

LOG_IN = (
    "This is not for everybody: send Authorization: Api-Key <key> or Authorization: Bearer <token>, "
    "or log in at /admin/ and send the session's cookie along."
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """A status, and the words for it where the error's own are not meant for callers.

    again_in: after how many seconds it is worth asking again, None where that would not help
    """

    status: int
    detail: str | None = None
    again_in: int | None = None


# The first line whose class fits counts; put a special case above the general one.
TABLE: tuple[tuple[type[Exception], ErrorResponse], ...] = (
    (InvalidEvents, ErrorResponse(400)),
    (InvalidIdempotencyKey, ErrorResponse(400)),
    (IdempotencyKeyReused, ErrorResponse(422)),
    (TooManyEvents, ErrorResponse(413)),
    (InUse, ErrorResponse(409)),
    (BadRequest, ErrorResponse(400)),
    (UnknownProduct, ErrorResponse(404)),
    (UnknownShopper, ErrorResponse(404)),
    (UnknownStrategy, ErrorResponse(400)),
    (ProtectedError, ErrorResponse(409, "Other rows stand on this one, so it cannot be deleted.")),
    (
        IntegrityError,
        ErrorResponse(409, "Somebody changed the same rows at this moment; look again, then repeat."),
    ),
    (
        OperationalError,
        ErrorResponse(503, "The database cannot answer now; try again in a moment.", again_in=1),
    ),
    (RequestDataTooBig, ErrorResponse(413, "The request is too large; send it in smaller parts.")),
    (SuspiciousOperation, ErrorResponse(400, "The request cannot be understood; see the server's log.")),
    (Http404, ErrorResponse(404, "There is nothing at this address.")),
    (PermissionDenied, ErrorResponse(403, "You may not do this.")),
)


def problem_response(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Return the problem document of an error in a view, or None for a defect, which becomes a plain 500.

    It is rendered here, so that it is JSON whatever the view would have rendered.
    """
    request: Request = context["request"]
    exc = throttling.counted_too(exc, request, context.get("view"))
    if isinstance(exc, exceptions.APIException):
        return _of_rest_framework(exc, request, hide=getattr(context.get("view"), "hides_values", False))
    for kind, answer in TABLE:
        if isinstance(exc, kind):
            serious = answer.status >= 500
            level = logging.ERROR if serious else logging.INFO
            errors: list[Fault] = getattr(exc, "errors", [])
            told = sentence(errors)
            said = f"{type(exc).__name__}: {told}" if errors else exc
            logger.log(
                level, "%s %s: %r", request.method, request.path, said, exc_info=exc if serious else None
            )
            detail = " ".join(filter(None, [answer.detail or str(exc), told]))
            headers = {} if answer.again_in is None else {"Retry-After": str(answer.again_in)}
            return problem(answer.status, detail, errors=errors, headers=headers)
    return None


def _of_rest_framework(exc: exceptions.APIException, request: Request, *, hide: bool) -> HttpResponse:
    headers: dict[str, str] = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if exc.status_code >= 500:
        logger.error("%s %s answered %d", request.method, request.path, exc.status_code, exc_info=exc)
    if isinstance(exc, exceptions.ValidationError):
        errors = faults(exc.detail, {} if hide else _sent(request))
        return problem(exc.status_code, sentence(errors), errors=errors, headers=headers)
    detail = LOG_IN if isinstance(exc, exceptions.NotAuthenticated) else str(exc.detail)
    return problem(exc.status_code, detail, headers=headers)


def _sent(request: Request) -> Mapping[str, Any]:
    """Return what the caller sent, by name; a name in the address hides the same one in the body."""
    try:
        body = request.data
    except exceptions.APIException:  # nobody had read it before the address was refused
        body = None
    return {**(body if isinstance(body, Mapping) else {}), **request.query_params.dict()}
