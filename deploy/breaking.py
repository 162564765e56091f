"""What every step that breaks something has in common: a load meanwhile, and what must be seen of it."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import psycopg

from deploy.contract import SCOPES
from deploy.crowd import Request, Seen, longest, of_others, statuses
from deploy.story import ALICE, LONGEST_SECONDS, Drive, must

BACK_SECONDS = 30.0  # within which everything must be as before, without anybody's doing


def key(drive: Drive) -> str:
    """Return a new API key with every scope."""
    return drive.stack.manage("apikey", "make", "stack-test", "--scope", *SCOPES).strip()


def event(event_id: str) -> dict[str, object]:
    return {
        "user_id": "ext:bob",
        "product_id": "ext:smart-watch",
        "action_type": "view",
        "event_id": event_id,
    }


def load(name: str) -> Iterator[Request]:
    """Write an event of an id of its own, read two lists and products, for ever."""
    for n in itertools.count():
        yield Request("POST", "/interactions", event(f"{name}-{n}"), f"{name}-{n}")
        yield Request("GET", ALICE)
        yield Request("GET", "/recommend/ext:bob?strategy=trending")
        yield Request("GET", "/products")


def told(drive: Drive, name: str, seen: Sequence[Seen], allowed: tuple[int, ...] = (200, 201)) -> str:
    """Return the figures of what a crowd saw, in one line. Raises NotAsItShouldBe.

    No status but those allowed, nobody waited too long, and every event that was acknowledged is there.
    """
    gone = lost(drive, name, seen)
    slowest = longest(seen)
    line = f"{len(seen):,} requests {statuses(seen)}, slowest {slowest:.2f} s, lost events {len(gone)}"
    strange = of_others(seen, allowed)
    must(not strange, f"{line}: {[each.answer for each in strange[:2]]}")
    must(slowest <= LONGEST_SECONDS, line)
    must(not gone, f"{line}: {sorted(gone)[:5]}")
    drive.figures |= {f"{name}_requests": len(seen), f"{name}_slowest_s": round(slowest, 3)}
    return line


def lost(drive: Drive, name: str, seen: Sequence[Seen]) -> set[str]:
    """Return the ids of the events that were acknowledged and are not in the table."""
    kept = {each.request.name for each in seen if each.request.name and each.answer.status in (200, 201)}
    return kept - set(stored(drive, name))


def stored(drive: Drive, name: str) -> list[str]:
    with psycopg.connect(drive.stack.env["DATABASE_URL"]) as database:
        rows = database.execute(
            "SELECT event_key FROM catalog_interaction WHERE starts_with(event_key, %s)", [name]
        )
        return [event_id for (event_id,) in rows]


def until(is_so: Callable[[], bool], what: str, seconds: float = BACK_SECONDS) -> float:
    """Return how many seconds it took until it was so. Raises NotAsItShouldBe when it takes too long."""
    began = time.monotonic()
    while not is_so():
        must(time.monotonic() - began < seconds, f"{what} not within {seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began
