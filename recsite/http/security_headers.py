"""The headers by which a browser keeps an answer to itself, on whatever is answered and by whom."""

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from recsite.config.csp import FOR_PROGRAMS, PAGES, PERMISSIONS, RESOURCES

GetResponse = Callable[[HttpRequest], HttpResponse]


def security_headers_middleware(get_response: GetResponse) -> GetResponse:
    """Return what answers as the inner one does, in a browser's strictest terms that still show it."""
    pages: Any = CSPMiddleware(get_response)

    def answer(request: HttpRequest) -> HttpResponse:
        response: HttpResponse
        if request.path_info.startswith(PAGES):
            response = pages(request)
        else:
            response = get_response(request)
            if not (settings.DEBUG and response.status_code in (404, 500)):  # Django's page of a defect
                response.headers["Content-Security-Policy"] = FOR_PROGRAMS
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers["Cross-Origin-Resource-Policy"] = RESOURCES
        return response

    return answer


def alone(response: HttpResponse) -> HttpResponse:
    """Return a response that no middleware sees, with the headers of all of them."""
    headers = response.headers
    headers["Content-Security-Policy"] = FOR_PROGRAMS
    headers["Permissions-Policy"] = PERMISSIONS
    headers["Cross-Origin-Resource-Policy"] = RESOURCES
    headers["Cross-Origin-Opener-Policy"] = settings.SECURE_CROSS_ORIGIN_OPENER_POLICY
    headers["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = settings.X_FRAME_OPTIONS
    return response
