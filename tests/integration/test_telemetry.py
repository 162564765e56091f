"""Error reports to Sentry and traces to a collector, both of which are a small server on loopback.

Their packages are optional: tests that need them are skipped if they are not installed.
"""

import gzip
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from threading import Thread

import pytest
from django.conf import settings

from recsite.config.env import ROOT

PATIENCE_SECONDS = 60
HERE = f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
SECRET = "correct-horse-battery-staple-" * 2
needs_sentry = pytest.mark.skipif(
    not find_spec("sentry_sdk"), reason="requirements-observe.txt: no sentry_sdk"
)
needs_traces = pytest.mark.skipif(
    not find_spec("opentelemetry"), reason="requirements-observe.txt: no opentelemetry"
)

ASK = """
from recsite.wsgi import application
def ask(path):
    from io import BytesIO
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost", "wsgi.input": BytesIO(),
        "wsgi.errors": None, "wsgi.url_scheme": "http", "HTTP_X_REQUEST_ID": "r-8",
        "HTTP_COOKIE": "sessionid=cookie-canary", "REMOTE_ADDR": "10.9.8.7",
    }
    answer = application(environ, lambda status, headers: None)
    b"".join(answer)
    answer.close()
"""
FAIL = """
from recsite import root
import logging
from django.conf import settings
def broken(self, request):
    password = "local-canary"
    logging.getLogger("shop").info("seen Authorization: Bearer breadcrumb-canary-0123456789")
    raise RuntimeError(f"refused {settings.SECRET_KEY}")
root.RootView.get = broken
ask("/")
import sentry_sdk
sentry_sdk.flush(20)
"""
TRACE = """
ask("/nowhere")
ask("/health/live")
from opentelemetry import trace
trace.get_tracer_provider().shutdown()
"""


class Collector(ThreadingHTTPServer):
    """Collects the posted bodies."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.taken: list[tuple[str, bytes]] = []


class Taker(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        length = self.headers.get("content-length")
        body = self.rfile.read(int(length)) if length else self._chunks()
        encoding = self.headers.get("content-encoding", "")
        if encoding:
            body = gzip.decompress(body) if encoding == "gzip" else zlib.decompress(body)
        self.server.taken.append((self.path, body))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def _chunks(self) -> bytes:
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        return whole

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": HERE,
            "ENV_FILE": os.devnull,
            "SECRET_KEY": SECRET,
            "ALLOWED_HOSTS": "localhost",
            "SECURE_SSL_REDIRECT": "false",
            "DATABASE_URL": "sqlite://:memory:",
            "NO_PROXY": "127.0.0.1",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


class TestRefusal:
    @pytest.mark.parametrize(
        ("name", "package"), [("SENTRY_DSN", "sentry_sdk"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry")]
    )
    def test_names_what_is_to_be_installed(self, name: str, package: str):
        without = (
            "import importlib.util as u; real = u.find_spec; "
            f"u.find_spec = lambda name, *rest: None if name == {package!r} else real(name, *rest); "
            "from recsite.config import env; env.read()"
        )

        ran = run(without, **{name: "http://key@127.0.0.1:1/1"})

        assert ran.stderr.splitlines()[-1].endswith(
            f"{name} is set. It needs packages that requirements.txt does not include: "
            f"pip install --require-hashes -r requirements-observe.txt"
        )

    @pytest.mark.parametrize("name", ["SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT"])
    def test_names_what_is_no_address_and_does_not_show_it(self, name: str):
        ran = run("from recsite.config import env; env.read()", **{name: "canary:4318"})

        assert f"{name} must be a URL" in ran.stderr
        assert "canary" not in ran.stderr.splitlines()[-1]


@needs_sentry
class TestSentry:
    def test_is_told_of_an_error_without_secrets(self, collector: Collector):
        ran = run(ASK + FAIL, SENTRY_DSN=f"http://key@127.0.0.1:{collector.server_port}/1")

        assert ran.returncode == 0, ran.stderr
        envelopes = [body.decode() for path, body in collector.taken if path.startswith("/api/1/envelope")]
        [event] = [
            json.loads(line)
            for envelope in envelopes
            for line in envelope.splitlines()
            if '"exception"' in line
        ]
        assert event["exception"]["values"][-1]["type"] == "RuntimeError"
        assert event["tags"]["request_id"] == "r-8"
        assert event["release"] == settings.VERSION
        for canary in (SECRET, "cookie-canary", "local-canary", "breadcrumb-canary", "10.9.8.7"):
            assert not [envelope for envelope in envelopes if canary in envelope], canary


@needs_traces
class TestTraces:
    def test_reach_the_collector_with_the_id_of_the_request(self, collector: Collector):
        ran = run(ASK + TRACE, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}/")

        assert ran.returncode == 0, ran.stderr
        [(path, body)] = collector.taken
        assert path == "/v1/traces"
        for output in (b"shop-recommendations", b"request_id", b"r-8", b"GET"):
            assert output in body
        assert b"health" not in body


class TestOff:
    def test_imports_nothing_of_either(self):
        ran = run(ASK + "import sys; print([n for n in sys.modules if n in ('sentry_sdk', 'opentelemetry')])")

        assert ran.stdout.strip() == "[]", ran.stderr
