"""A complete deployment behind nginx: it responds, shares caches, and survives the loss of any part.

Tests marked `full` are those of `make stack-test`; the others are part of `make test`, too.
"""

import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import repeat

import httpx2
import psycopg
import pytest

from stack.deployment import ROOT, Deployment
from tests.database_files import SCOPES
from tests.place import Place, client_of
from tests.stack.load import Record, Request, ask_all, slowest, statuses, under_load
from tests.stack.shops import ALICE, assert_none_lost, assert_only, event, stored, traffic
from tests.waiting import until

N_DUPLICATES = 10_000
N_SHOPPERS, SHARD = 20_000, 100
# A worker that is gone with all its processes is noticed when its shard has been out for 120 s.
NOTICED_SECONDS = 600
STAFF, PASSWORD = "stack-staff", secrets.token_urlsafe(16)
CALLERS = f"""
from django.core.management import call_command
call_command("createsuperuser", interactive=False, verbosity=0, username={STAFF!r}, email="s@shop.example")
call_command("apikey", "make", "tests", "--scope", *{SCOPES})
"""


@pytest.fixture
def shop(deployment: Deployment) -> Place:
    """The deployment's shop, for commands."""
    return Place(deployment.folder, deployment.env)


@pytest.fixture(scope="session")
def key(_deployment: Deployment) -> str:
    """A new API key, made together with a member of staff: one process, since each costs seconds."""
    place = Place(_deployment.folder, {**_deployment.env, "DJANGO_SUPERUSER_PASSWORD": PASSWORD})
    return place.manage("shell", "--no-imports", "-c", CALLERS).strip()


@pytest.fixture
def gateway(deployment: Deployment, key: str) -> Iterator[httpx2.Client]:
    """A client of the gateway with an API key."""
    if "gateway" not in deployment.ports:
        pytest.skip("nginx is not installed")
    with client_of(deployment.url, key=key) as client:
        yield client


@pytest.fixture
def servers(deployment: Deployment) -> Iterator[dict[str, httpx2.Client]]:
    """A client of each web server, past the gateway."""
    clients = {name: client_of(deployment.url_of(name)) for name in deployment.phase.web}
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture(scope="session")
def staff(_deployment: Deployment, key: str) -> Iterator[httpx2.Client]:
    """A member of staff, logged in with the admin's form at the public address."""
    with client_of(_deployment.url) as client:
        client.get("/admin/login/")
        form = {"username": STAFF, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        assert client.post("/admin/login/?next=/admin/", data=form).status_code == httpx2.codes.FOUND
        client.headers["X-CSRFToken"] = client.cookies["csrftoken"]
        yield client


def product_ids(response: httpx2.Response) -> list[int]:
    assert response.status_code == 200, response.text
    return [product["id"] for product in response.json()["recommended_products"]]


def checks(servers: dict[str, httpx2.Client], name: str) -> set[str]:
    """Return the readiness check of a part from each web server."""
    return {server.get("/health/ready").json()["checks"][name] for server in servers.values()}


class TestAnswers:
    def test_metrics_are_closed_to_the_public(self, gateway: httpx2.Client):
        assert gateway.get("/metrics").status_code == 404

    def test_every_web_server_is_ready(self, servers: dict[str, httpx2.Client]):
        answers = {name: server.get("/health/ready").status_code for name, server in servers.items()}

        assert answers == {"web-1": 200, "web-2": 200}

    def test_have_the_shop_for_staff_who_log_in(self, staff: httpx2.Client):
        assert "sessionid" in staff.cookies
        assert staff.get("/products").json()["count"] == 30

    def test_hold_as_many_products_as_asked_for(self, gateway: httpx2.Client):
        assert len(product_ids(gateway.get(ALICE))) == 5

    def test_heed_a_dismissal_on_every_web_server_at_once(
        self, staff: httpx2.Client, servers: dict[str, httpx2.Client]
    ):
        first, *_ = product_ids(staff.get(ALICE))
        dismissal = {"user_id": "ext:alice", "product_id": first, "action_type": "dismiss"}

        assert staff.post("/interactions", json=dismissal).status_code == 201

        for server in servers.values():
            assert first not in product_ids(server.get(ALICE))

    def test_stay_the_same_when_lists_are_stored(self, shop: Place, gateway: httpx2.Client):
        live = product_ids(gateway.get(ALICE))

        assert "8 users stored" in shop.manage("generate_recommendations")

        assert product_ids(gateway.get(ALICE)) == live

    def test_come_every_time(self, gateway: httpx2.Client, record_property: Record):
        answers = ask_all(gateway, [Request("GET", ALICE)] * 300, connections=1)

        assert statuses(answers) == {200: 300}
        took = sorted(each.seconds * 1000 for each in answers)
        record_property("through the gateway", f"p50 {took[150]:.1f} ms, p99 {took[297]:.1f} ms")


class TestWorkers:
    def test_generate(self, shop: Place):
        output = shop.manage("generate_recommendations", "--distributed", "--batch-size", "3")

        assert "8 users stored" in output

    def test_serve_their_metrics(self, deployment: Deployment):
        for worker in deployment.phase.workers:
            answer = httpx2.get(f"{deployment.url_of(worker.name)}/metrics", trust_env=False)

            assert answer.status_code == 200
            assert "\nshop_" in answer.text

    @pytest.mark.full
    @pytest.mark.timeout(1800)
    def test_do_the_rest_when_one_is_killed_in_the_middle_of_a_shard(
        self, deployment: Deployment, crowd: int, record_property: Record
    ):
        log = deployment.folder / "generation.log"
        command = (sys.executable, "manage.py", "generate_recommendations", "--distributed", "--batch-size")
        with log.open("wb") as output:
            generation = subprocess.Popen(
                [*command, str(SHARD)],
                cwd=ROOT,
                env=deployment.env,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            until(lambda: n_done(deployment) >= 10 * SHARD)
            deployment.children["worker"].kill()
            n_before, began = n_done(deployment), time.monotonic()
            deployment.start("worker")
            generation.wait(NOTICED_SECONDS)
        finally:
            generation.kill()
            generation.wait()

        record_property("killed after", f"{n_before:,} users; done {time.monotonic() - began:.0f} s later")
        output_text = log.read_text(encoding="utf-8")
        assert generation.returncode == 0, output_text
        assert f"{crowd} users stored" in output_text
        assert query(
            deployment,
            "SELECT count(*), count(DISTINCT user_id) FROM recommendations_storedlist WHERE strategy ="
            " (SELECT strategy FROM recommendations_generationrun ORDER BY id DESC LIMIT 1)",
        ) == (crowd, crowd)

    @pytest.fixture
    def crowd(self, shop: Place) -> Iterator[int]:
        """The number of shoppers, most of whom only exist for this test."""
        shell = ("shell", "--no-imports", "-c")
        create = f'User.objects.bulk_create(User(name=f"Crowd {{n}}") for n in range({N_SHOPPERS}))'
        shop.manage(*shell, f"from catalog.models import User; {create}")
        yield N_SHOPPERS + 8
        delete = 'User.objects.filter(name__startswith="Crowd ").delete()'
        shop.manage(*shell, f"from catalog.models import User; {delete}")


def query(deployment: Deployment, sql: str) -> tuple[int, ...]:
    """Return the first row, or zero where there is none."""
    with psycopg.connect(deployment.env["DATABASE_URL"]) as database:
        return tuple(database.execute(sql).fetchone() or (0,))


def n_done(deployment: Deployment) -> int:
    """Return the number of users with a list of the running generation."""
    sql = "SELECT n_done FROM recommendations_generationrun WHERE state = 'running' ORDER BY id DESC LIMIT 1"
    return query(deployment, sql)[0]


@pytest.mark.full
class TestDuplicates:
    def test_of_an_event_are_one_row_and_one_answer(
        self, shop: Place, gateway: httpx2.Client, record_property: Record
    ):
        same = Request("POST", "/interactions", event("duplicate"))

        answers = ask_all(gateway, [same] * N_DUPLICATES, connections=64)

        record_property("slowest", slowest(answers))
        assert_only(answers, (200, 201))
        assert statuses(answers)[201] == 1
        assert len({each.json()["id"] for each in answers}) == 1
        assert stored(shop, "duplicate") == {"duplicate": 1}


class TestWebServers:
    def test_go_on_when_one_is_killed(self, deployment: Deployment, gateway: httpx2.Client):
        deployment.children["web-1"].kill()

        answers = ask_all(gateway, [Request("GET", ALICE)] * 60, connections=1)

        assert statuses(answers) == {200: 60}
        assert [child.name for child in deployment.exited()] == ["web-1"]

    @pytest.mark.full
    def test_are_replaced_one_after_the_other_without_a_failed_request(
        self,
        deployment: Deployment,
        gateway: httpx2.Client,
        record_property: Record,
    ):
        log = deployment.children["gateway"].log
        asks = repeat(Request("GET", "/recommend/ext:alice?strategy=trending"))
        with under_load(gateway, asks, connections=2) as load:
            load.wait_for_rounds()
            for name in deployment.phase.web:
                deployment.children[name].stop()
                load.wait_for_rounds()
                deployment.start(name)
                served = re.compile(rf" 200 \S+ 127\.0\.0\.1:{deployment.ports[name]} ")
                n_before = len(log.read_text())
                until(lambda served=served, n=n_before: served.search(log.read_text()[n:]))
        record_property("requests", f"{statuses(load.answers)}, slowest {slowest(load.answers)}")
        assert_only(load.answers, (200,))


@pytest.mark.full
class TestLostParts:
    """Parts that are stopped, killed or paused under load, and recover."""

    @pytest.mark.parametrize("end", ["stop", "kill"])
    def test_postgresql_refuses_soon_and_loses_no_acknowledged_event(
        self,
        *,
        end: str,
        shop: Place,
        deployment: Deployment,
        gateway: httpx2.Client,
        servers: dict[str, httpx2.Client],
        record_property: Record,
    ):
        with under_load(gateway, traffic(f"database-{end}"), connections=16) as load:
            load.wait_for_rounds()
            getattr(deployment.children["postgresql"], end)()
            load.wait_for_rounds()
            deployment.start("postgresql")
            for server in servers.values():
                until(lambda server=server: server.get(ALICE).status_code == 200)
            load.wait_for_rounds()

        record_property("requests", f"{statuses(load.answers)}, slowest {slowest(load.answers)}")
        assert_only(load.answers, (200, 201, 503))
        refused = [each.response for each in load.answers if each.response and each.status == 503]
        assert refused
        assert all("retry-after" in response.headers for response in refused)
        assert_none_lost(shop, f"database-{end}", load.answers)

    @pytest.mark.parametrize(("end", "mend"), [("kill", "start"), ("pause", "resume")])
    def test_cache_is_missed_by_no_caller(
        self,
        *,
        end: str,
        mend: str,
        shop: Place,
        deployment: Deployment,
        gateway: httpx2.Client,
        servers: dict[str, httpx2.Client],
        record_property: Record,
    ):
        cache = deployment.children["redis-cache"]
        with under_load(gateway, traffic(f"cache-{end}"), connections=16) as load:
            load.wait_for_rounds()
            getattr(cache, end)()
            until(lambda: "ok" not in checks(servers, "cache"))
            load.wait_for_rounds()
            if mend == "start":
                deployment.start("redis-cache")
            else:
                cache.resume()
            until(lambda: checks(servers, "cache") == {"ok"})

        record_property("requests", f"{statuses(load.answers)}, slowest {slowest(load.answers)}")
        assert_only(load.answers, (200, 201))
        assert_none_lost(shop, f"cache-{end}", load.answers)

    def test_broker_is_missed_by_no_caller_and_workers_take_from_it_again(
        self,
        shop: Place,
        deployment: Deployment,
        gateway: httpx2.Client,
        servers: dict[str, httpx2.Client],
        record_property: Record,
    ):
        with under_load(gateway, traffic("broker"), connections=16) as load:
            load.wait_for_rounds()
            deployment.children["redis-broker"].kill()
            until(lambda: "ok" not in checks(servers, "broker"))
            load.wait_for_rounds()
            deployment.start("redis-broker")
            until(lambda: checks(servers, "broker") == {"ok"})

        record_property("requests", f"{statuses(load.answers)}, slowest {slowest(load.answers)}")
        assert_only(load.answers, (200, 201))
        assert_none_lost(shop, "broker", load.answers)
        output = shop.manage("generate_recommendations", "--distributed", "--batch-size", "3")
        assert "8 users stored" in output
