"""No secret is told: each kind is planted in a real server, everything goes wrong, and all is searched."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from recsite.config import env
from stack.processes import free_port
from tests.database_files import DatabaseFiles
from tests.integration.test_serve import variables, wait_until_open
from tests.llm_server import LLMServer, fails
from tests.waiting import PATIENCE_SECONDS

PASSWORD = "canary-password-Xq7"
SECRET_KEY = "canary-secret-key-" + "k" * 40
SIGNING_KEY = "canary-signing-key-" + "j" * 40
FALLBACK = "canary-fallback-" + "f" * 40
OPENAI_KEY = "canary-openai-key-8861"
SECOND_KEY = "canary-second-key-5512"
DATABASE_PASSWORD = "canary-database-password"
PLANTED = {
    "SECRET_KEY": SECRET_KEY,
    "SECRET_KEY_FALLBACKS": FALLBACK,
    "JWT_SIGNING_KEY": SIGNING_KEY,
    "OPENAI_API_KEY": OPENAI_KEY,
    "OPENAI_API_KEY_2": SECOND_KEY,
}


@dataclass
class Told:
    """Everything that came back, and everything that was logged."""

    port: int
    answers: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> str:
        """Return the answer's body; its head is kept as well."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        sent = body if isinstance(body, str | None) else json.dumps(body)
        kind = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): v for name, v in headers.items()
        }
        connection.request(method, path, sent, kind)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        self.answers.append(f"{method} {path}\n{answer.headers}\n{text}")
        self.statuses.add(answer.status)
        return text


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, database_files: DatabaseFiles) -> Path:
    return database_files.shop(tmp_path_factory.mktemp("canaries") / "shop.sqlite3")


def command(database: Path, *words: str, **others: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=env.ROOT,
        env=variables(database, **PLANTED, **others),
        capture_output=True,
        text=True,
        check=False,
    )


class Server:
    """A server that logs all it can, into a file."""

    def __init__(self, log: Path, **environment: str) -> None:
        self.log, self.port = log, free_port()
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "recsite.serve"],
                cwd=env.ROOT,
                env={**environment, "PORT": str(self.port), "LOG_LEVEL": "DEBUG"},
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def __enter__(self) -> Told:
        wait_until_open(self.port, self.process)
        return Told(self.port)

    def __exit__(self, *error: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


@pytest.fixture(scope="module")
def model() -> Iterator[LLMServer]:
    """Refuses every question, and quotes the key in doing so."""
    with LLMServer() as server:
        server.otherwise = fails(401)
        yield server


def everything_goes_wrong(reported: Told, key: str) -> set[str]:
    """Ask in every wrong way with the real secrets, and return those that came up in doing so."""
    pair = json.loads(reported.ask("POST", "/token", {"username": "staff", "password": PASSWORD}))
    access, refresh = pair["access"], pair["refresh"]
    for scheme, secret in (("Api-Key", key), ("Bearer", access), ("Bearer", refresh), ("Api-Key", PASSWORD)):
        for wrong in (secret, secret + "x", secret[:-1], secret.upper()):
            for method, path, body in (
                ("GET", "/users/1", None),
                ("GET", "/recommend/ext:alice", None),
                ("GET", "/products?colour=red", None),
                ("DELETE", "/users", None),
                ("POST", "/interactions", {"user_id": "x"}),
                ("POST", "/token/shopper", {"user": []}),
                ("POST", "/nothing/here", "{"),
            ):
                reported.ask(method, path, body, Authorization=f"{scheme} {wrong}")
    for path in ("/token", "/token/refresh", "/token/verify", "/token/logout"):
        for value in (
            PASSWORD,
            access + "x",
            refresh,
            refresh + "x",
            [PASSWORD],
            {PASSWORD: refresh},
            PASSWORD * 99,
        ):
            for body in (
                {"username": "staff", "password": value},
                {"refresh": value},
                {"token": value},
                value,
            ):
                reported.ask("POST", path, body)
            reported.ask("POST", path, f'{{"password": "{PASSWORD}"')
    for username in ("staff", PASSWORD):
        for _ in range(7):
            reported.ask("POST", "/token", {"username": username, "password": PASSWORD + "!"})
    reported.ask("GET", "/admin/login/")
    form = urlencode({"username": "staff", "password": PASSWORD, "csrfmiddlewaretoken": "x"})
    reported.ask("POST", "/admin/login/", form, Content_Type="application/x-www-form-urlencoded")
    return {access, refresh, access.split(".")[2], refresh.split(".")[2]}


class TestCanaries:
    def test_are_nowhere_to_be_found(self, shop: Path, model: LLMServer, tmp_path: Path):
        words = ("createsuperuser", "--noinput", "--username", "staff", "--email", "s@shop.example")
        made = command(shop, *words, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
        minted = command(shop, "apikey", "make", "Canary", "--scope", "recommend:read", "tokens:issue")
        key = minted.stdout.strip()
        outputs = [made.stdout + made.stderr, minted.stderr]
        outputs += [
            ran.stdout + ran.stderr
            for ran in (
                command(shop, "apikey", "list"),
                command(shop, "apikey", "revoke", key[:-1]),
                command(shop, "check", "--deploy"),
            )
        ]
        log = tmp_path / "server.log"
        environment = variables(
            shop, **PLANTED, API_OPEN_READS="false", OPENAI_BASE_URL=model.url, WEB_THREADS="6"
        )

        with Server(log, **environment) as reported:
            tokens = everything_goes_wrong(reported, key)

        logged = log.read_text()
        assert {200, 400, 401, 403, 404, 405, 429} <= reported.statuses
        assert not {status for status in reported.statuses if status >= 500}
        asked_with = {
            question.headers["authorization"].removeprefix("Bearer ") for question in model.questions
        }
        assert asked_with == {OPENAI_KEY, SECOND_KEY}, "a key that was not shown was never at risk"
        assert "Unauthorized" in logged
        given = f"{reported.answers[0]}"  # where the tokens were given
        searched = {
            "log": logged,
            "commands": "".join(outputs),
            "answers": "".join(reported.answers).replace(given, ""),
        }
        secrets = {
            PASSWORD,
            SECRET_KEY,
            SIGNING_KEY,
            FALLBACK,
            OPENAI_KEY,
            SECOND_KEY,
            key,
            key[14:],
            *tokens,
        }
        assert [(where, s[:20]) for where, text in searched.items() for s in secrets if s in text] == []

    @pytest.mark.parametrize(
        "words", [["manage.py", "migrate"], ["manage.py", "apikey", "list"], ["-m", "recsite.serve"]]
    )
    def test_are_not_told_when_the_database_is_away(self, tmp_path: Path, words: list[str]):
        address = f"postgres://shop:{DATABASE_PASSWORD}@127.0.0.1:{free_port()}/shop"
        environment = variables(tmp_path / "none", **PLANTED, LOG_LEVEL="DEBUG") | {"DATABASE_URL": address}

        ran = subprocess.run(
            [sys.executable, *words],
            cwd=env.ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert ran.returncode != 0
        assert "127.0.0.1" in ran.stdout + ran.stderr or "database" in ran.stderr
        assert re.findall("canary[-a-zA-Z0-9]*", ran.stdout + ran.stderr) == []
