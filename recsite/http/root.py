"""The root view, and the error views of Django."""

import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from access.throttle_scopes import READING
from core.api.views import ApiView
from core.text import cut
from recsite.http.errors import database_failed
from recsite.http.problems import problem

SERVICE: dict[str, Any] = {
    "status": "ok",
    "service": "shop-recommendations",
    "version": settings.SPECTACULAR_SETTINGS["VERSION"],
    "links": {
        "users": "/users",
        "products": "/products",
        "popular": "/products/popular",
        "trending": "/trending",
        "categories": "/categories",
        "interactions": "/interactions",
        "recommend": "/recommend/{user_id}",
        "token": "/token",
        "schema": "/schema",
        "docs": "/docs",
        "admin": "/admin/",
    },
}
# The messages of requests that exceed a limit.
TOO_LARGE: dict[type[Exception], str] = {
    RequestDataTooBig: f"The body has more than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.",
    TooManyFieldsSent: f"There are more than {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} fields.",
    TooManyFilesSent: "Files cannot be uploaded.",
}


class RootView(ApiView):
    """The name, version and links of the service."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_scopes = READING

    @extend_schema(
        operation_id="get_service",
        tags=["service"],
        responses=inline_serializer(
            "Root",
            {
                "status": serializers.CharField(),
                "service": serializers.CharField(),
                "version": serializers.CharField(),
                "links": serializers.DictField(child=serializers.CharField()),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return the state of the service and links to its endpoints. No authentication is needed."""
        prefix = get_script_prefix().rstrip("/")
        links = {name: prefix + link for name, link in SERVICE["links"].items()}
        return Response({**SERVICE, "links": links})


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the 404 of every URL that does not exist."""
    return problem(
        404, f"The URL {cut(request.path)} does not exist. See {get_script_prefix()}docs for all endpoints."
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return 413 for a request over a limit, 400 for others that Django refuses, as for a bad Host header."""
    for exception_class, message in TOO_LARGE.items():
        if isinstance(exception, exception_class):
            return problem(413, message)
    return problem(400, "The request was refused. Its Host header must be one of ALLOWED_HOSTS.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 if the database failed, or the 500 of a bug. Django has logged the path and traceback."""
    if response := database_failed(sys.exc_info()[1]):
        return response
    return problem(500, "An error occurred on the server and has been logged.")
