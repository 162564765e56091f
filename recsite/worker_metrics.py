"""/metrics of a Celery worker, which has no web server of its own; closed as a web server's is."""

import time
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from observe import metrics
from recsite.http.metrics_access import may_see


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class WorkerRegistry:
    """A registry, as far as rendering asks for one."""

    def collect(self) -> Any:
        return metrics.recorder.families(time.time())


def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Return the metrics, as a WSGI application; 403 to whoever may not see them, 404 for anything else."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415  only where one counts

    if environ["PATH_INFO"] != "/metrics":
        start("404 Not Found", [])
        return []
    if not may_see(environ):
        start("403 Forbidden", [])
        return []
    registry: Any = WorkerRegistry()
    start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
    return [generate_latest(registry)]


def serve(host: str, port: int) -> Server:
    """Return the server, which answers in a thread of its own from here on."""
    server = Server((host, port), Quiet)
    server.set_app(answer)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
