"""A small server on loopback that speaks OpenAI's chat completions, and misbehaves on request."""

import json
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Semaphore, Thread
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Question:
    """One request as the server saw it. headers: names in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    server: "LLMServer"
    question: Question
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.question = Question(self.path, headers, json.loads(body))
        self.server.questions.append(self.question)
        self.server.arrivals.release()
        reply = self.server.replies.popleft() if self.server.replies else self.server.otherwise
        try:
            reply(self)
        except ConnectionError:
            self.close_connection = True  # the client has given up

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.question = Question(self.path, headers, {})
        self.server.listings.append(self.question)
        self.server.listing(self)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"content_type": "application/json"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


Reply = Callable[[Handler], None]


class LLMServer(ThreadingHTTPServer):
    """Answers each question with the next of `replies`, then with `otherwise`; listens inside `with`.

    listing: answers requests for the models, which `listings` holds
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.questions: list[Question] = []
        self.replies: deque[Reply] = deque()
        self.otherwise: Reply = says("These were picked for you.")
        self.listings: list[Question] = []
        self.listing: Reply = lists("gpt-3.5-turbo")
        self.arrivals, self.closing = Semaphore(0), Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that give up, and as usual of everything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


def completion(content: Any, finish_reason: str | None = "stop", usage: Any = None, **message: Any) -> bytes:
    """Return the body of an answer. message: further fields of its message"""
    message = {"role": "assistant", "content": content} | message
    choice = {"index": 0, "finish_reason": finish_reason, "message": message}
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps(whole | ({"usage": usage} if usage else {})).encode()


def lists(*models: str | dict[str, Any]) -> Reply:
    """Answer a request for the models. models: names, or whole entries"""
    rows = [model if isinstance(model, dict) else {"id": model, "object": "model"} for model in models]

    def reply(handler: Handler) -> None:
        name = handler.question.path.partition("?")[0].partition("/models/")[2]
        found = [row for row in rows if row["id"] == name] if name else [{"object": "list", "data": rows}]
        status, body = (200, found[0]) if found else (404, {"error": {"message": f"No model {name!r}."}})
        handler.answer(status, json.dumps(body).encode())

    return reply


def says(content: Any, finish_reason: str | None = "stop", **more: Any) -> Reply:
    """Answer as a model does."""
    return lambda handler: handler.answer(200, completion(content, finish_reason, **more))


def sends(body: bytes, status: int = 200, **headers: str) -> Reply:
    """Answer with these bytes, whatever they are."""
    return lambda handler: handler.answer(status, body, **headers)


def fails(status: int, **headers: str) -> Reply:
    """Answer with an error that quotes the request's own key, as careless servers do."""

    def reply(handler: Handler) -> None:
        error = {"error": {"message": f"Refused: {handler.headers['authorization']}", "code": "no"}}
        handler.answer(status, json.dumps(error).encode(), **headers)

    return reply


def holds(until: Event) -> Reply:
    """Answer well, but not before the event, however long that takes; not at all when the server closes."""

    def reply(handler: Handler) -> None:
        while not until.wait(0.02):
            if handler.server.closing.is_set():
                raise ConnectionError
        handler.answer(200, completion("We picked Wireless Earbuds for you."))

    return reply


def drips_body(handler: Handler) -> None:
    """Send the head at once, then one byte of the body now and then, for ever."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "1000000")
    handler.end_headers()
    _drip(handler)


def drips_head(handler: Handler) -> None:
    """Send one byte of the head now and then, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
    _drip(handler)


def _drip(handler: Handler) -> None:
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(b" ")


def hangs_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def never_ends(handler: Handler) -> None:
    """Send the body of an answer without end, as fast as it is read."""
    handler.send_response(200)
    handler.send_header("content-type", "application/json")
    handler.end_headers()
    while not handler.server.closing.is_set():
        handler.wfile.write(b" " * 65_536)
