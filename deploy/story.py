"""What `make stack-test` does with a running stack, step by step, and what each step must see."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

from deploy.asking import Answered, Client
from deploy.stack import Stack

ALICE = "/recommend/ext:alice"
LONGEST_SECONDS = 2.0  # that a caller may wait, whatever has broken
AWAY_SECONDS = 4.0  # for which PostgreSQL does not come back
SETTLING_SECONDS = 2.0  # within which the gateway sees that a server is back: its fail_timeout and some more
N_ASKS = 300


class NotAsItShouldBe(AssertionError):
    """A step saw something else than it must; the message says what."""


@dataclass(slots=True)
class Drive:
    """A stack that is driven. gateway: a member of staff who asks through the front door."""

    stack: Stack
    gateway: Client
    figures: dict[str, float] = field(default_factory=dict)

    def web(self) -> dict[str, Client]:
        """Return who asks each web server that still runs, past the gateway."""
        names = [name for name in self.stack.phase.web if self.stack.children[name].is_running()]
        return {name: self.stack.client(name) for name in names}


Step = Callable[[Drive], str]


def must(is_so: bool, seen: object) -> None:
    """Do nothing if it is so. Raises NotAsItShouldBe with what was seen."""
    if not is_so:
        raise NotAsItShouldBe(str(seen))


def listed(answer: Answered) -> list[Any]:
    """Return the ids of the products of an answer. Raises NotAsItShouldBe unless it is a 200."""
    must(answer.status == 200, f"{answer.status} {answer.body}")
    return [product["id"] for product in answer.body["recommended_products"]]


def keeps_its_figures_inside(drive: Drive) -> str:
    closed = drive.gateway.get("/metrics").status
    must(closed == 404, f"the gateway answers /metrics with {closed}")
    seen = {name: client.get("/health/ready") for name, client in drive.web().items()}
    must(all(answer.status == 200 for answer in seen.values()), seen)
    return f"/metrics is closed to the public, {' and '.join(seen)} are ready"


def has_the_shop(drive: Drive) -> str:
    page = drive.gateway.get("/products")
    must(page.status == 200 and page.body["count"] == 30, f"{page.status} {page.body}")
    return "30 products by the API"


def lets_staff_in(drive: Drive) -> str:
    password = secrets.token_urlsafe(16)
    drive.stack.env["DJANGO_SUPERUSER_PASSWORD"] = password
    drive.stack.manage(
        *("createsuperuser", "--no-input", "--username", "stack-staff", "--email", "staff@shop.example")
    )
    must(drive.gateway.log_in("stack-staff", password), "the form of /admin/ let nobody in")
    return "logged in through the gateway"


def recommends(drive: Drive) -> str:
    answer = drive.gateway.get(f"{ALICE}?top_n=5")
    must(len(listed(answer)) == 5, answer.body)
    return f"5 products in {answer.seconds * 1000:.0f} ms, words by {answer.body['explanation_source']}"


def heeds_what_was_just_done(drive: Drive) -> str:
    first, *_ = listed(drive.gateway.get(f"{ALICE}?top_n=5")) or [None]
    event = {"user_id": "ext:alice", "product_id": first, "action_type": "dismiss"}
    told = drive.gateway.post("/interactions", event)
    must(told.status == 201, f"{told.status} {told.body}")
    seen = {name: listed(client.get(f"{ALICE}?top_n=5")) for name, client in drive.web().items()}
    must(all(first not in ids for ids in seen.values()), f"product {first} is still in {seen}")
    return f"gone from the next answer of {' and '.join(seen)}"


def stores_lists_ahead(drive: Drive) -> str:
    said = drive.stack.manage("generate_recommendations").strip()
    live, stored = listed(drive.gateway.get(ALICE)), listed(drive.gateway.get(ALICE))
    must(live == stored and "8 users stored" in said, said)
    return said


def has_workers_generate(drive: Drive) -> str:
    """Have the workers do it that take from the queue: the command only watches."""
    if not drive.stack.runs_background_work:
        return "not tried: no workers"
    began = time.monotonic()
    said = drive.stack.manage("generate_recommendations", "--distributed", "--batch-size", "3").strip()
    must("8 users stored" in said, said)
    drive.figures["distributed_s"] = round(time.monotonic() - began, 1)
    return said


def tells_what_workers_count(drive: Drive) -> str:
    """Ask each worker for its own figures, as Prometheus does."""
    names = [worker.name for worker in drive.stack.phase.workers if worker.name in drive.stack.children]
    for name in names:
        told = Client(drive.stack.addresses[name]).get("/metrics")
        must(told.status == 200 and "\nshop_" in str(told.body), f"{name}: {told.status} {told.body}")
    return f"/metrics of {' and '.join(names)}" if names else "not tried: no workers"


def is_quick(drive: Drive) -> str:
    took = sorted(_asked(drive.gateway, N_ASKS))
    median, slow = took[len(took) // 2] * 1000, took[int(len(took) * 0.99)] * 1000
    drive.figures |= {"gateway_p50_ms": round(median, 2), "gateway_p99_ms": round(slow, 2)}
    return f"{N_ASKS} asks, one by one: p50 {median:.1f} ms, p99 {slow:.1f} ms"


def _asked(client: Client, n: int) -> list[float]:
    answers = [client.get(ALICE) for _ in range(n)]
    bad = [f"{answer.status} {answer.body}" for answer in answers if answer.status != 200]
    must(not bad, bad[:3])
    return [answer.seconds for answer in answers]


@contextmanager
def somebody_asks(drive: Drive) -> Iterator[list[Answered]]:
    """Give the answers that somebody gets who asks the gateway again and again meanwhile."""
    answers: list[Answered] = []
    is_over = Event()

    def keep_asking() -> None:
        while not is_over.is_set():
            answers.append(drive.gateway.get(f"{ALICE}?strategy=trending"))

    asking = Thread(target=keep_asking)
    asking.start()
    try:
        yield answers
    finally:
        is_over.set()
        asking.join()


def is_replaced_without_anybody_noticing(drive: Drive) -> str:
    """Restart each web server in turn, as an upgrade does: every answer is a 200."""
    if "gateway" not in drive.stack.addresses:
        return "not tried: without a gateway those who ask a server wait for that one"
    with somebody_asks(drive) as answers:
        for name in drive.stack.phase.web:
            drive.stack.children[name].stop()
            drive.stack.children[name] = drive.stack.web(name)
            time.sleep(SETTLING_SECONDS)
    bad = [answer for answer in answers if answer.status != 200]
    must(not bad, f"{len(bad)} of {len(answers)} got no list: {bad[:2]}")
    longest = max(answer.seconds for answer in answers)
    drive.figures["rolling_restart_longest_s"] = round(longest, 3)
    return (
        f"{len(answers)} of {len(answers)} asks answered meanwhile, the longest wait {longest * 1000:.0f} ms"
    )


def outlives_its_database(drive: Drive) -> str:
    """Restart PostgreSQL while somebody asks: 200 or 503, never late, and 200 again by itself."""
    cluster = drive.stack.cluster
    if cluster is None:
        return "not tried: the database is not of this stack"
    with somebody_asks(drive) as answers:
        cluster.stop()
        time.sleep(AWAY_SECONDS)
        cluster.start()
        drive.stack.children["postgresql"] = cluster.child
        began = time.monotonic()
        for client in drive.web().values():
            while client.get(ALICE).status != 200:
                must(time.monotonic() - began < 30, f"{client.url} knows not 30 s later that it is back")
        seconds = time.monotonic() - began
    longest = max(answer.seconds for answer in answers)
    strange = [answer for answer in answers if answer.status not in (200, 503)]
    must(not strange, f"{strange[:2]}")
    must(longest <= LONGEST_SECONDS, f"somebody waited {longest:.2f} s")
    n_refused = sum(answer.status == 503 for answer in answers)
    drive.figures |= {"database_back_s": round(seconds, 2), "database_away_longest_s": round(longest, 2)}
    return (
        f"{n_refused} of {len(answers)} asks got 503, the longest wait {longest:.2f} s; "
        f"200 from every web server {seconds:.1f} s after it was back"
    )


def outlives_a_web_server(drive: Drive) -> str:
    """Kill one web server: every later answer is a 200 from the other."""
    name = drive.stack.phase.web[0]
    drive.stack.children[name].kill()
    if "gateway" not in drive.stack.addresses:
        drive.gateway.url = drive.stack.addresses[drive.stack.phase.web[1]]
    longest = max(_asked(drive.gateway, 60))
    must(longest <= LONGEST_SECONDS, f"somebody waited {longest:.2f} s")
    drive.figures["web_server_killed_longest_s"] = round(longest, 3)
    return f"{name} killed; 60 of 60 asks answered, the longest wait {longest * 1000:.0f} ms"


STORY: tuple[tuple[str, Step], ...] = (
    ("figures stay inside", keeps_its_figures_inside),
    ("staff log in", lets_staff_in),
    ("the shop is imported", has_the_shop),
    ("recommends", recommends),
    ("heeds what was just done", heeds_what_was_just_done),
    ("lists are stored ahead", stores_lists_ahead),
    ("workers generate", has_workers_generate),
    ("workers tell their figures", tells_what_workers_count),
    ("answers through the gateway", is_quick),
    ("web servers are replaced", is_replaced_without_anybody_noticing),
    ("PostgreSQL restarts", outlives_its_database),
    ("a web server is killed", outlives_a_web_server),
)
