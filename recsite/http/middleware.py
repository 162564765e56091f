"""The outermost middleware: the id of each request, how long it took, and answers for what looks after us."""

from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from observe import metrics, request_id
from recsite.http import health, metrics_page, security_headers

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
        response = inner(request) if inside is None else security_headers.alone(inside(request))
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
