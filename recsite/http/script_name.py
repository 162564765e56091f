"""The path under which a proxy shows the service, FORCE_SCRIPT_NAME."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def without_prefix(application: WSGIApplication, prefix: str) -> WSGIApplication:
    """Return the application, for requests whose path a proxy has left the prefix in, and for others.

    prefix: "" for none; Django puts it before the links that it makes
    """
    if not prefix:
        return application

    def stripped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == prefix or path.startswith(f"{prefix}/"):
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        return application(environ, start_response)

    return stripped
