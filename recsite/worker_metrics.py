"""/metrics of a Celery worker, which has no web server. Access is restricted as in web servers."""

import time
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from observe import metrics
from recsite.http.metrics_access import may_read_metrics


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietRequestHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Do not log requests."""


class WorkerRegistry:
    """The part of a prometheus_client registry that rendering needs."""

    def collect(self) -> Any:
        return metrics.recorder.families(time.time())


def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
    """WSGI application: the metrics, 403 without permission, 404 for any other path."""
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415  only if metrics are on

    if environ["PATH_INFO"] != "/metrics":
        start("404 Not Found", [])
        return []
    if not may_read_metrics(environ):
        start("403 Forbidden", [])
        return []
    registry: Any = WorkerRegistry()
    start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
    return [generate_latest(registry)]


def serve(host: str, port: int) -> Server:
    """Start the server in a thread, and return it."""
    server = Server((host, port), QuietRequestHandler)
    server.set_app(answer)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
