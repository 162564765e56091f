"""`make run` as a process: it responds, tolerates slow clients, stops on a signal, reports failed starts."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.conf import settings

from recommendations import wiring
from recsite import serve
from recsite.config import env
from recsite.serve import CannotServe, listening_address
from stack.processes import free_port, is_listening
from tests.database_files import DatabaseFiles
from tests.llm_server import LLMServer, holds
from tests.waiting import PATIENCE_SECONDS, until

ENV = settings.ENV
ANYWHERE = "0.0.0.0"  # noqa: S104  probed, never served


def variables(database: Path, **others: object) -> dict[str, str]:
    """Return the complete environment of a server on loopback, without the variables of this process."""
    return {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "SECRET_KEY": "tests-only-" + "x" * 50,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SECURE_SSL_REDIRECT": "false",
        "API_OPEN_READS": "true",
        "NO_PROXY": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{database}",
        "WEB_WORKERS": "1",
        "PROMETHEUS_MULTIPROC_DIR": str(database.parent / "counts"),
        **{name: str(value) for name, value in others.items()},
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, database_files: DatabaseFiles) -> Path:
    """The database of the example shop."""
    return database_files.shop(tmp_path_factory.mktemp("shop") / "shop.sqlite3")


def get(url: str) -> dict:
    with urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  always http to loopback
        return json.load(answer)


def metrics_of(url: str) -> dict[str, float]:
    with urlopen(url + "/metrics", timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
        samples = [line.decode().rpartition(" ") for line in answer if not line.startswith(b"#")]
    return {name: float(value) for name, _, value in samples}


def wait_until_open(port: int, server: subprocess.Popen[str]) -> None:
    """Wait until a server listens."""

    def is_open() -> bool:
        assert server.poll() is None, server.communicate()[0]
        return is_listening(port)

    until(is_open)


@contextmanager
def serving(database: Path, **others: object) -> Iterator[str]:
    """Run the server, and require a clean stop on Ctrl-C."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "recsite.serve"],
        cwd=env.ROOT,
        env=variables(database, PORT=port, **others),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until_open(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            output, _ = server.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            raise
    assert server.returncode == 0
    assert output.startswith(
        f"Serving http://127.0.0.1:{port}/ with the admin at /admin/. Ctrl-C stops it.\n"
    )
    assert "Traceback" not in output


def refusal(database: Path, **others: object) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "recsite.serve"],
        cwd=env.ROOT,
        env=variables(database, **{"PORT": free_port(), **others}),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    return ran.stderr


class TestServe:
    def test_answers_until_ctrl_c(self, shop: Path):
        with serving(shop) as url:
            root, admin = get(url + "/"), urlopen(url + "/admin/login/", timeout=PATIENCE_SECONDS)  # noqa: S310

            assert root["status"] == "ok"
            assert b"csrfmiddlewaretoken" in admin.read()
            admin.close()

    def test_takes_any_charset_that_python_knows(self, shop: Path):
        with serving(shop) as url:
            for charset in ("hex", "undefined", "punycode", "idna", "unicode_escape"):
                kind = f"text/plain; charset={charset}"
                sent = Request(f"{url}/?q=%5Cud800", headers={"Content-Type": kind})  # noqa: S310
                with urlopen(sent, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                    assert answer.status == 200, charset

    def test_answers_everybody_else_while_a_model_is_slow(self, shop: Path):
        answered = Event()
        with (
            LLMServer() as model,
            ThreadPoolExecutor(2) as waiting,
            serving(
                shop,
                OPENAI_API_KEY="sk-loopback",
                OPENAI_BASE_URL=model.url,
                OPENAI_TIMEOUT_SECONDS=600,  # longer than any test runs: the model alone ends the wait
                OPENAI_MAX_CONCURRENT=2,
            ) as url,
        ):
            model.otherwise = holds(answered)
            slow = []
            try:
                # Two lists: the same one is worded once, whoever asks.
                slow = [waiting.submit(get, f"{url}/recommend/ext:alice?top_n={n}") for n in (1, 2)]
                assert all(model.arrivals.acquire(timeout=PATIENCE_SECONDS) for _ in slow)
                others = [get(url + "/")["status"], get(url + "/products")["count"]]
                one_too_many = get(f"{url}/recommend/ext:alice")["explanation_source"]
                early = [each.result() for each in slow if each.done()]
            finally:
                answered.set()

            assert others == ["ok", 30]
            assert one_too_many == "template"
            assert early == []
            assert [each.result()["explanation_source"] for each in slow] == ["openai"] * 2

    def test_counts_over_all_its_workers(self, shop: Path, tmp_path: Path):
        n, workers, began = 0, set(), time.time()
        with serving(shop, WEB_WORKERS=2, PROMETHEUS_MULTIPROC_DIR=tmp_path / "counts") as url:
            # Each connection goes to whichever worker takes it, and one may be up long before the other.
            while len(workers) < 2:
                get(f"{url}/recommend/ext:alice")
                n += 1
                workers = {file.stem.rpartition("_")[2] for file in (tmp_path / "counts").glob("*.db")}
            reported = [metrics_of(url) for _ in range(10)]
        lasted = time.time() - began

        assert {counts['shop_answers_total{origin="live",strategy="content"}'] for counts in reported} == {n}
        assert {
            counts['shop_responses_total{route="recommend-detail",status="200"}'] for counts in reported
        } == {n}
        assert all(0 <= counts["shop_catalogue_snapshot_age_seconds"] <= lasted for counts in reported)
        assert len(workers) == 2

    def test_counts_nothing_when_told_not_to(self, shop: Path):
        with serving(shop, METRICS="false") as url, pytest.raises(HTTPError, match="404"):
            metrics_of(url)

    def test_says_what_prepares_a_database_without_tables(self, tmp_path: Path):
        output = refusal(tmp_path / "empty.sqlite3")

        assert re.search(r"\d+ migrations are not applied: run `.*python\S* manage.py migrate`\.", output)
        assert "make demo" not in output

    def test_says_when_the_database_cannot_be_reached(self, tmp_path: Path):
        database = tmp_path / "nowhere" / "shop.sqlite3"

        assert f"SQLite database {database}: unable to open database file. Check the path" in refusal(
            database
        )

    def test_names_a_variable_that_is_missing(self, shop: Path):
        assert refusal(shop, SECRET_KEY="").startswith("The server does not start. SECRET_KEY is not set.")

    def test_names_an_option_that_does_not_fit(self, shop: Path):
        assert "api_key must be" in refusal(shop, OPENAI_API_KEY="two words")

    def test_says_when_the_port_is_in_use(self, shop: Path):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]

            assert f"Port {port} is in use. Choose another: make run PORT=" in refusal(shop, PORT=port)


class TestMain:
    @pytest.mark.django_db
    def test_becomes_the_server(self, monkeypatch, capsys, settings, tmp_path: Path):
        settings.ENV = replace(ENV, port=free_port(), metrics_dir=str(tmp_path / "counts"))
        become: list[list[str]] = []
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
        monkeypatch.setattr(os, "execv", lambda path, arguments: become.append(arguments))

        serve.main()

        assert become == [[sys.executable, "-m", "recsite.server", "127.0.0.1"]]
        assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path / "counts")
        assert f"Serving http://127.0.0.1:{settings.ENV.port}/" in capsys.readouterr().out

    def test_exits_with_the_reason_when_it_cannot_serve(self, settings):
        with socket.create_server(("127.0.0.1", 0)) as other:
            settings.ENV = replace(ENV, port=other.getsockname()[1])

            with pytest.raises(SystemExit, match=r"The server does not start\. Port \d+ is in use"):
                serve.main()


class TestListeningAddress:
    @pytest.mark.parametrize(
        ("host", "address"), [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), (ANYWHERE, ANYWHERE)]
    )
    def test_is_the_address_of_the_host(self, host: str, address: str):
        assert listening_address(replace(ENV, host=host, port=free_port())) == address

    @pytest.mark.parametrize("host", ["192.0.2.1", "a" * 64 + ".example"])
    def test_refuses_what_is_not_of_this_machine(self, host: str):
        with pytest.raises(CannotServe, match="Cannot listen on"):
            listening_address(replace(ENV, host=host, port=free_port()))

    @pytest.mark.parametrize("name", ["API_OPEN_READS", "DEBUG"])
    def test_refuses_to_show_other_machines_what_is_for_this_one(self, name: str):
        open_to_all = replace(ENV, host=ANYWHERE, port=free_port(), **{name.lower(): True})

        with pytest.raises(CannotServe, match=rf"^{name}=true .* HOST=0\.0\.0\.0 accepts other machines"):
            listening_address(open_to_all)


class TestRefuseUnmigrated:
    @pytest.mark.django_db
    def test_is_content_with_a_database_that_has_every_table(self):
        assert serve.check_migrations() is None


class TestApplication:
    @pytest.mark.django_db
    def test_makes_one_explainer_before_any_thread_asks_for_it(self):
        wiring.warm_up()

        assert wiring.explainer.cache_info().currsize == 1
