"""A small https server on loopback, with a certificate of its own, that answers as feeds' servers do."""

import gzip
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp

Answer = Callable[[BaseHTTPRequestHandler], None]


@cache
def certificate() -> Path:
    """Return a file with a key and a certificate for localhost and 127.0.0.1, valid for a day."""
    path = Path(mkdtemp()) / "localhost.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(path)]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = path.with_suffix(".crt")
    command = ["openssl", "req", "-x509", *key, "-out", str(made), "-days", "1", *names]
    subprocess.run(command, check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + made.read_bytes())
    return path


@dataclass(slots=True)
class TlsServer:
    """A running server. answers: by path; requests: the path and credentials of each request"""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    def address(self, path: str, *, user: str = "") -> str:
        return f"https://{user}localhost:{self.port}{path}"


@contextmanager
def tls_server() -> Iterator[TlsServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.requests.append((self.path, self.headers["Authorization"]))
            answer = running.answers.get(self.path.partition("?")[0])
            if answer is None:
                self.send_error(404)
            else:
                answer(self)

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    running = TlsServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def content(body: bytes, *, length: int | None = None, **headers: str) -> Answer:
    """Return the body. length: announced instead of its own"""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def packed(body: bytes) -> Answer:
    return content(gzip.compress(body), Content_Encoding="gzip")


def redirect(location: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def endless(pause: Callable[[], object] = lambda: None) -> Answer:
    """Return bytes without an end. pause: called before each part"""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            pause()
            handler.wfile.write(b"x" * 65_536)

    return answer
