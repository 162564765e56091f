"""Asks a running stack as a browser would: keeps cookies, notes what each answer was and how long it took."""

import http.client
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer. status: 0 when there was none; body: what its JSON says, or its text.

    headers: their names in lower case
    """

    status: int
    body: Any
    seconds: float
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: http.client.HTTPResponse, began: float) -> "Answered":
        """Return what was answered, read to its end. Raises OSError or HTTPException where it breaks off."""
        text = answer.read().decode()
        is_json = "json" in (answer.headers.get("Content-Type") or "")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        body = json.loads(text) if is_json and text else text
        return cls(answer.status, body, time.monotonic() - began, headers)

    @classmethod
    def lacking(cls, error: Exception, began: float) -> "Answered":
        """Return that there was no answer, and why."""
        return cls(0, f"{type(error).__name__}: {error}", time.monotonic() - began)


@dataclass(slots=True)
class Client:
    """Asks one address. cookies: those that it was given, which it sends along.

    key: an API key, or none; token: a token to show in its place
    """

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def get(self, path: str) -> Answered:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answered:
        """Return the answer, on a connection of its own. Never raises: who is not there answers with 0."""
        began = time.monotonic()
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, body, self._headers(kind))
            response = connection.getresponse()
            answered = Answered.of(response, began)
        except (OSError, http.client.HTTPException) as error:
            return Answered.lacking(error, began)
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answered

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
        if self.key or self.token:
            headers["Authorization"] = f"Bearer {self.token}" if self.token else f"Api-Key {self.key}"
        if kind:
            headers |= {"Content-Type": kind, "X-CSRFToken": self.cookies.get("csrftoken", "")}
        return headers
