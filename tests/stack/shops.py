"""The example shop as separate processes, for tests that break parts of it."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg

from tests.database_files import FILL, DatabaseFiles
from tests.place import Place, environment
from tests.stack.load import Answer, Request, statuses

ALICE = "/recommend/ext:alice?top_n=5"


def filled(folder: Path, database: str, **more: str) -> Place:
    """Return a place with the example shop in its database and two processes on each web server."""
    place = empty(folder, database, **more)
    key = place.manage("shell", "--no-imports", "-c", FILL).strip()
    return replace(place, api_key=key)


def filled_file(files: DatabaseFiles, path: Path, folder: Path, **more: str) -> Place:
    """Return the same on SQLite, with its database at the path."""
    return replace(empty(folder, f"sqlite:///{files.shop(path)}", **more), api_key=files.key)


def empty(folder: Path, database: str, **more: str) -> Place:
    """Return a place whose web servers have two processes each, and nothing in its database."""
    own = {
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "API_OPEN_READS": "true",
        "THROTTLE_RATES": "",  # the defaults, which the tests turn off elsewhere
        "WEB_WORKERS": "2",
        "MODEL_DIR": str(folder / "models"),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "counts"),
        "NO_PROXY": "127.0.0.1",
    }
    return Place(folder, environment(database, "", **{**own, **more}))


def event(event_id: str, **fields: object) -> dict[str, object]:
    """Return an event as a shop reports it."""
    return {
        "user_id": "ext:alice",
        "product_id": "ext:wireless-earbuds",
        "action_type": "view",
        "event_id": event_id,
        **fields,
    }


def traffic(prefix: str) -> Iterator[Request]:
    """Yield an endless series of requests: an event with a unique id, two lists, the products."""
    for n in itertools.count():
        yield Request("POST", "/interactions", event(f"{prefix}-{n}", user_id="ext:bob"))
        yield Request("GET", ALICE)
        yield Request("GET", "/recommend/ext:bob?strategy=trending")
        yield Request("GET", "/products")


def stored(place: Place, prefix: str) -> Counter[str]:
    """Return the number of rows of each event whose id has this prefix."""
    with psycopg.connect(place.env["DATABASE_URL"]) as database:
        rows = database.execute(
            "SELECT event_key FROM catalog_interaction WHERE starts_with(event_key, %s)", [prefix]
        )
        return Counter(event_id for (event_id,) in rows)


def assert_only(answers: Sequence[Answer], allowed: Collection[int]) -> None:
    """Fail if a response has another status than these, and show the first such responses."""
    others = [each for each in answers if each.status not in allowed]
    assert not others, f"{statuses(answers)}: {[(each.request, each.text[:500]) for each in others[:3]]}"


def assert_none_lost(place: Place, prefix: str, answers: Sequence[Answer]) -> None:
    """Fail unless events were acknowledged and each of them is in the database once."""
    acknowledged = {
        each.request.json["event_id"]
        for each in answers
        if each.request.path == "/interactions" and each.status in (200, 201)
    }
    rows = stored(place, prefix)
    assert acknowledged
    assert acknowledged <= rows.keys(), f"lost: {sorted(acknowledged - rows.keys())[:5]}"
    assert set(rows.values()) == {1}
