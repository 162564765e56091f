"""Asks a running stack as a browser would: keeps cookies, notes what each answer was and how long it took."""

import http.client
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer. status: 0 when there was none; body: what its JSON says, or its text."""

    status: int
    body: Any
    seconds: float


@dataclass(slots=True)
class Client:
    """Asks one address. cookies: those that it was given, which it sends along."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answered:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answered:
        """Return the answer, on a connection of its own. Never raises: who is not there answers with 0."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, body, self._headers(kind))
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            return Answered(0, f"{type(error).__name__}: {error}", time.monotonic() - began)
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        is_json = "json" in (answer.headers.get("Content-Type") or "")
        return Answered(answer.status, json.loads(text) if is_json else text, time.monotonic() - began)

    def post(self, path: str, value: object) -> Answered:
        """Return the answer to a value sent as JSON."""
        return self.ask("POST", path, json.dumps(value).encode(), "application/json")

    def log_in(self, username: str, password: str) -> bool:
        """Whether the admin's own form let this member of staff in; from then on every call is theirs."""
        form = self.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', str(form.body))
        if token is None:
            return False
        said = urlencode(
            {"username": username, "password": password, "csrfmiddlewaretoken": token[1], "next": "/admin/"}
        )
        answer = self.ask("POST", "/admin/login/", said.encode(), "application/x-www-form-urlencoded")
        return answer.status == http.client.FOUND

    def _headers(self, kind: str) -> dict[str, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if kind:
            headers |= {"Content-Type": kind, "X-CSRFToken": self.cookies.get("csrftoken", "")}
        return headers
