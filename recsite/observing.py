"""The outermost middleware: the id of each request, and answers for the machines that look after us."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from observe import request_id
from recsite import health

GetResponse = Callable[[HttpRequest], HttpResponse]
# Asked by machines that know an address and no host name, over plain HTTP: neither redirected nor refused.
INSIDE: dict[str, GetResponse] = {"/health/live": health.live, "/health/ready": health.ready}


def observed(get_response: GetResponse) -> GetResponse:
    """Return what answers as the inner one does, under an id of its own.

    The id holds until the thread's next request, since Django logs refused requests after all middleware.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        own = request_id.begin(request.META.get("HTTP_X_REQUEST_ID"))
        inside = INSIDE.get(request.path_info)
        response = get_response(request) if inside is None else inside(request)
        response.headers[request_id.HEADER] = own
        return response

    return answer
