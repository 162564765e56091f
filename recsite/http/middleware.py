"""The outermost middleware: the id of each request, how long it took, and answers for what looks after us."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from observe import metrics, request_id
from recsite.config.csp import FOR_PROGRAMS, PAGES, PERMISSIONS, RESOURCES
from recsite.http import health, metrics_page

GetResponse = Callable[[HttpRequest], HttpResponse]
# Asked by machines that know an address and no host name, over plain HTTP: neither redirected nor refused.
INSIDE: dict[str, GetResponse] = {
    "/health/live": health.live,
    "/health/ready": health.ready,
    "/metrics": metrics_page.page,
}


def request_middleware(get_response: GetResponse) -> GetResponse:
    """Return what answers as the inner one does, under an id of its own, and is counted.

    The id holds until the thread's next request, since Django logs refused requests after all middleware.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        own = request_id.begin(request.META.get("HTTP_X_REQUEST_ID"))
        inside = INSIDE.get(request.path_info)
        response = inner(request) if inside is None else alone(inside(request))
        response.headers[request_id.HEADER] = own
        return response

    inner = get_response
    if settings.METRICS:
        metrics.turn_on(settings.METRICS_DIR)
        inner = _counted(get_response)
    return answer


def _counted(get_response: GetResponse) -> GetResponse:
    def answer(request: HttpRequest) -> HttpResponse:
        began = perf_counter()
        response = get_response(request)
        found = request.resolver_match
        route = found.view_name if found else "none"  # what middleware answers: redirects, static files
        strategy = getattr(response, "strategy", "")
        metrics.recorder.request(route, strategy, response.status_code, perf_counter() - began)
        return response

    return answer


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
