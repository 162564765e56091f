"""The front door, and what Django itself answers with when no view does."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.throttle_scopes import READING
from recsite.http.problems import problem

FRONT_DOOR = {
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
# What a form can hold too much of, and what is said of it.
TOO_MUCH: dict[type[Exception], str] = {
    RequestDataTooBig: f"The body holds more than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.",
    TooManyFieldsSent: f"There are more than {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} fields.",
    TooManyFilesSent: "Files are taken nowhere.",
}


class RootView(APIView):
    """What this is, and where the rest is."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_scopes = READING

    @extend_schema(
        operation_id="root",
        tags=["root"],
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
        """Say that the service is up, and where everything is. Open to everyone."""
        return Response(FRONT_DOOR)


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the 404 of every address that leads nowhere."""
    return problem(404, f"There is nothing at {request.path[:200]}; see /docs for what there is.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the 400 of what Django refuses before any view: a wrong Host header, say; 413 for too much."""
    for kind, told in TOO_MUCH.items():
        if isinstance(exception, kind):
            return problem(413, told)
    return problem(400, "The request was refused; if it names a host, ALLOWED_HOSTS must hold it.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the 500 of a defect; Django has logged its path and trace, and the caller sees neither."""
    return problem(500, "Something went wrong here, and it has been logged. It is not the request's fault.")
