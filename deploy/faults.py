"""What `make stack-test` breaks at full length, and what callers, data and workers must be like meanwhile."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from deploy.breaking import event, key, load, stored, told, until
from deploy.contract import TOLD, NotExamined, examined
from deploy.crowd import Request, asked, crowding, statuses
from deploy.processes import free_port
from deploy.redis_server import start_redis
from deploy.stack import EVICTING, KEEPING
from deploy.story import ALICE, Drive, NotAsItShouldBe, Step, must
from deploy.worker_fault import outlives_a_worker

N_DUPLICATES, N_CONNECTIONS = 10_000, 64
N_LOAD = 16  # connections that ask while something breaks
AWAY_SECONDS = 3.0
CONTRACT_SECONDS = 100
LEAST_CASES = 5_000


def stores_duplicates_once(drive: Drive) -> str:
    """Send one event 10,000 times over 64 connections: one row, one 201, and the same answer to everybody."""
    same = (Request("POST", "/interactions", event("duplicate"), "duplicate") for _ in range(N_DUPLICATES))
    seen = asked(drive.stack.url, same, connections=N_CONNECTIONS, key=key(drive))
    line = told(drive, "duplicate", seen)
    must(statuses(seen) == {200: N_DUPLICATES - 1, 201: 1}, line)
    must(len({each.answer.body["id"] for each in seen}) == 1, "not everybody was told of the same row")
    must(stored(drive, "duplicate") == ["duplicate"], "there is more than one row")
    return f"{line}, one row"


def _health(drive: Drive, check: str) -> set[str]:
    """Return what the web servers say of it."""
    return {str(client.get("/health/ready").body["checks"][check]) for client in drive.web().values()}


def _redis(drive: Drive, name: str, options: tuple[str, ...]) -> Callable[[], None]:
    """Return what starts that Redis again at its address, empty."""
    port = int(
        drive.stack.env["REDIS_URL" if name == "redis-cache" else "CELERY_BROKER_URL"].split(":")[2][:-2]
    )

    def start() -> None:
        drive.stack.children[name] = start_redis(drive.stack.folder, port, *options)

    return start


def outlives_its_cache(drive: Drive) -> str:
    """Kill the cache, start it, pause it, let it go on: nobody sees any of it."""
    if "redis-cache" not in drive.stack.children:
        return "not tried: the cache is not of this stack"
    start, children = _redis(drive, "redis-cache", EVICTING), drive.stack.children
    backs = []
    with crowding(drive.stack.url, load("cache"), connections=N_LOAD, key=key(drive)) as seen:
        children["redis-cache"].kill()
        time.sleep(AWAY_SECONDS)
        must("ok" not in _health(drive, "cache"), "no web server has noticed that the cache is gone")
        start()
        backs.append(until(lambda: _health(drive, "cache") == {"ok"}, "the killed cache is used again"))
        os.kill(children["redis-cache"].pid, signal.SIGSTOP)
        time.sleep(AWAY_SECONDS)
        must("ok" not in _health(drive, "cache"), "no web server has noticed that the cache is paused")
        os.kill(children["redis-cache"].pid, signal.SIGCONT)
        backs.append(until(lambda: _health(drive, "cache") == {"ok"}, "the paused cache is used again"))
    return f"{told(drive, 'cache', seen)}; used again {backs[0]:.1f} and {backs[1]:.1f} s after it was back"


def outlives_its_broker(drive: Drive) -> str:
    """Kill the broker: nobody sees it; started again, empty, the workers take from it by themselves."""
    if "redis-broker" not in drive.stack.children:
        return "not tried: the broker is not of this stack"
    start = _redis(drive, "redis-broker", KEEPING)
    with crowding(drive.stack.url, load("broker"), connections=N_LOAD, key=key(drive)) as seen:
        drive.stack.children["redis-broker"].kill()
        time.sleep(AWAY_SECONDS)
        must("ok" not in _health(drive, "broker"), "no web server has noticed that the broker is gone")
        start()
        back = until(lambda: _health(drive, "broker") == {"ok"}, "the broker is seen again")
    line = told(drive, "broker", seen)
    began = time.monotonic()
    said = drive.stack.manage("generate_recommendations", "--distributed", "--batch-size", "3").strip()
    must("8 users stored" in said, said)
    seconds = time.monotonic() - began
    return f"{line}; seen {back:.1f} s after it was back, and work was done {seconds:.1f} s later"


def outlives_its_database_being_killed(drive: Drive) -> str:
    """Kill PostgreSQL under load: 503 meanwhile, and every event that was acknowledged is there."""
    cluster = drive.stack.cluster
    if cluster is None:
        return "not tried: the database is not of this stack"
    with crowding(drive.stack.url, load("database"), connections=N_LOAD, key=key(drive)) as seen:
        time.sleep(1)
        cluster.kill()
        time.sleep(AWAY_SECONDS)
        cluster.start()
        drive.stack.children["postgresql"] = cluster.child
        back = until(
            lambda: all(client.get(ALICE).status == 200 for client in drive.web().values()),
            "every web server answers again",
        )
        time.sleep(1)
    drive.figures["database_killed_back_s"] = round(back, 2)
    line = told(drive, "database", seen, (200, 201, 503))
    refused = [each.answer for each in seen if each.answer.status == 503]
    must(bool(refused), "nobody was refused, so it was not away")
    must(all("retry-after" in answer.headers for answer in refused), "a 503 without Retry-After")
    return f"{line}; 200 from every web server {back:.1f} s after it was back"


def keeps_its_contract(drive: Drive) -> str:
    """Have schemathesis ask a web server of the stack that is open to nobody, by a key of every scope."""
    stack, name = drive.stack, "contract"
    stack.addresses[name] = f"http://127.0.0.1:{free_port()}"
    stack.children[name] = stack.web(name, **TOLD)
    client = stack.client(name)
    client.key = key(drive)
    folder: Path = stack.folder / "schemathesis"
    folder.mkdir(exist_ok=True)
    try:
        found = examined(client, folder, n_examples=50, seconds=CONTRACT_SECONDS)
    except NotExamined as error:
        raise NotAsItShouldBe(str(error)) from error
    finally:
        stack.stop(name)
    drive.figures |= {"contract_cases": found.n_cases, "contract_server_errors": found.n_server_errors}
    must(not found.failures, f"{found.line()}\n{found.report}")
    must(found.n_server_errors == 0 and 0 not in found.statuses, found.line())
    must(found.n_cases >= LEAST_CASES, f"{found.line()}; {LEAST_CASES:,} are wanted")
    return found.line()


FAULTS: tuple[tuple[str, Step], ...] = (
    ("10,000 duplicates of an event", stores_duplicates_once),
    ("the cache is killed, paused", outlives_its_cache),
    ("the broker is killed", outlives_its_broker),
    ("PostgreSQL is killed", outlives_its_database_being_killed),
    ("a worker is killed mid-shard", outlives_a_worker),
)
# It deletes whatever it finds, so nothing comes after it.
CONTRACT: tuple[str, Step] = ("schemathesis", keeps_its_contract)
