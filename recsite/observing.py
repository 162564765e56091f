"""The outermost middleware: gives each request its id, and says it in the answer."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from observe import request_id

GetResponse = Callable[[HttpRequest], HttpResponse]


def observed(get_response: GetResponse) -> GetResponse:
    """Return what answers as the inner one does, under an id of its own.

    The id holds until the thread's next request, since Django logs refused requests after all middleware.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        own = request_id.begin(request.META.get("HTTP_X_REQUEST_ID"))
        response = get_response(request)
        response.headers[request_id.HEADER] = own
        return response

    return answer
