"""`make soak`: phase 3 under a steady load for some minutes. Nothing fails, nothing exits, nothing grows."""

import itertools
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest

from stack.deployment import Deployment
from tests.database_files import SCOPES
from tests.place import Place, client_of
from tests.stack.load import Answer, Record, Request, ask_all, slowest, statuses, under_load
from tests.stack.memory import MemoryWatch
from tests.stack.shops import event

SAMPLE_SECONDS = 5.0
GENERATION_SECONDS = 30.0  # between two generations, so that the workers have something to do
GROWTH = 0.05  # samples of one minute differ by less without anything growing
N_CONNECTIONS, N_SHOPPERS, N_IN_BULK = 8, 200, 10
PRODUCTS = ("wireless-earbuds", "power-bank", "smart-watch", "e-reader", "laptop-sleeve", "phone-case")
ACTIONS = ("view", "view", "click", "view", "cart", "purchase")
ERROR = re.compile(r'"level": ?"(error|critical)"|Traceback|\b(ERROR|CRITICAL)\b')


def compared_spans(seconds: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the spans of the third and the last minute in seconds; in a shorter run, of fifths of it."""
    if seconds >= 240:
        return (120, 180), (seconds - 60, seconds)
    return (0.4 * seconds, 0.6 * seconds), (0.8 * seconds, seconds)


def mixture(name: str) -> Iterator[Request]:
    """Yield an endless mix of requests as in a shop: of twenty, fifteen read and five write.

    name: the prefix of the events' ids
    """
    for n in itertools.count():
        who, product = f"ext:soak-{n % N_SHOPPERS}", PRODUCTS[n % len(PRODUCTS)]
        yield Request("GET", f"/recommend/{who}?top_n=5")
        yield Request("GET", "/recommend/ext:alice")
        yield Request("GET", f"/recommend/{who}?diversity=0.3&max_price=100")
        yield Request("POST", "/interactions", _event(f"{name}-{n}", who, n))
        yield Request("GET", f"/products?page_size=20&page={n % 2 + 1}")
        yield Request("GET", "/trending?top_n=10")
        yield Request("GET", f"/products/ext:{product}/similar")
        yield Request("POST", "/interactions", _event(f"{name}-{n}", who, n))  # again: stored once
        yield Request("GET", "/products/popular")
        yield Request("POST", "/recommend/session", {"product_ids": [f"ext:{product}"], "top_n": 5})
        yield Request("GET", f"/users/{who}/interactions")
        yield Request("GET", f"/recommend/{who}?strategy=trending")
        yield Request("GET", "/categories")
        yield Request("GET", f"/products/ext:{product}")
        yield Request("POST", "/token/shopper", {"user": who})
        yield Request("GET", f"/recommend/{who}/buy-again")
        yield Request("GET", f"/products/ext:{product}/bought-together")
        yield Request("PATCH", f"/products/ext:{product}", {"stock": 1_000 + n % 50})
        yield Request("GET", "/recommend/ext:bob")
        bulk = [_event(f"{name}-bulk-{n % 500}-{row}", who, n + row) for row in range(N_IN_BULK)]
        yield Request("POST", "/interactions/bulk", bulk)


def _event(event_id: str, who: str, n: int) -> dict[str, object]:
    product, action = PRODUCTS[n % len(PRODUCTS)], ACTIONS[n % len(ACTIONS)]
    return event(event_id, user_id=who, product_id=f"ext:{product}", action_type=action)


def paced(requests: Iterable[Request], rate: float) -> Iterator[Request]:
    """Yield that many requests a second. Delays are not made up for."""
    due = time.monotonic()
    for request in requests:
        now = time.monotonic()
        due = max(due + 1 / rate, now)
        time.sleep(due - now)
        yield request


def error_lines(folder: Path) -> list[str]:
    """Return the errors in the logs of web servers and workers."""
    logs = [log for log in sorted(folder.glob("*.log")) if not log.stem.startswith(("postgresql", "redis"))]
    return [
        f"{log.name}: {line[:200]}"
        for log in logs
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if ERROR.search(line)
    ]


@dataclass(frozen=True)
class Soaked:
    """The observations of a soak. generations: the exit code and errors of each"""

    answers: Sequence[Answer]
    generations: list[tuple[int, str]]
    watch: MemoryWatch
    changes: list[str]
    errors: list[str]
    seconds: float


@pytest.fixture(scope="module")
def soaked(_deployment: Deployment, request: pytest.FixtureRequest) -> Soaked:
    """The deployment after the minutes of requests and generations."""
    seconds, rate = request.config.getoption("minutes") * 60, request.config.getoption("rate")
    place = Place(_deployment.folder, _deployment.env)
    workers = [worker.name for worker in _deployment.phase.workers]
    generations, is_over = list[tuple[int, str]](), Event()

    def generate() -> None:
        while not is_over.wait(GENERATION_SECONDS):
            ran = place.ran("generate_recommendations", "--distributed", "--batch-size", "50")
            generations.append((ran.returncode, ran.stderr))

    thread = Thread(target=generate)
    with client_of(_deployment.url, key=place.key(*SCOPES)) as client:
        shoppers = [Request("PUT", f"/users/ext:soak-{n}", {"name": f"S {n}"}) for n in range(N_SHOPPERS)]
        answers = ask_all(client, shoppers, connections=N_CONNECTIONS)
        names = (*_deployment.phase.web, *workers, "beat")
        watch = MemoryWatch({name: _deployment.children[name] for name in names})
        thread.start()
        began = time.monotonic()
        requests = paced(mixture(f"soak-{os.getpid()}"), rate)
        with under_load(client, requests, connections=N_CONNECTIONS) as load:
            while (elapsed := time.monotonic() - began) < seconds:
                watch.sample(elapsed)
                time.sleep(min(SAMPLE_SECONDS, max(seconds - elapsed, 0.0)))
            watch.sample(seconds)
    is_over.set()
    thread.join()
    found = watch.changes(), error_lines(_deployment.folder)
    return Soaked([*answers, *load.answers], generations, watch, *found, seconds)


@pytest.mark.soak
@pytest.mark.timeout(0)
class TestSoak:
    def test_answers_every_request(self, soaked: Soaked, record_property: Record):
        record_property("requests", f"{statuses(soaked.answers)}, slowest {slowest(soaked.answers)}")
        wrong = Counter(
            f"{each.request.method} {each.request.path} answered {each.status} {each.text[:120]}"
            for each in soaked.answers
            if each.status not in (200, 201, 207)
        )
        assert wrong.most_common(10) == []

    def test_generates_without_a_failure(self, soaked: Soaked, record_property: Record):
        record_property("generations", len(soaked.generations))
        assert {(code, errors) for code, errors in soaked.generations if code} == set()

    def test_keeps_its_processes(self, soaked: Soaked):
        assert soaked.changes == []

    def test_logs_no_error(self, soaked: Soaked):
        assert soaked.errors[:10] == []

    def test_does_not_grow(self, soaked: Soaked, record_property: Record):
        settled, last = compared_spans(soaked.seconds)
        growths = {}
        for name in soaked.watch.samples:
            before, after = soaked.watch.mean(name, settled), soaked.watch.mean(name, last)
            growths[name] = after / before - 1
            most = max(mib for _, mib in soaked.watch.samples[name])
            record_property(
                name, f"{before:.1f} MiB, then {after:.1f} (most {most:.1f}): {growths[name]:+.2%}"
            )
        assert {name: growth for name, growth in growths.items() if growth >= GROWTH} == {}
