"""The example shop as processes of its own: what the tests of faults break something of."""

import sys
from collections import Counter
from pathlib import Path

import psycopg

from tests.place import ROOT, Place, told

ALICE = "/recommend/ext:alice?top_n=5"
# Of the keys with which the tests ask.
SCOPES = ("catalog:read", "events:write", "recommend:read", "tokens:issue")


def filled(folder: Path, database: str, **more: str) -> Place:
    """Return a place whose database holds the example shop; two processes answer on each web server."""
    own = {
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "API_OPEN_READS": "true",
        "THROTTLE_RATES": "",  # the defaults, which the tests turn off elsewhere
        "WEB_WORKERS": "2",
        "MODEL_DIR": str(folder / "models"),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "counts"),
        "NO_PROXY": "127.0.0.1",
    }
    place = Place(folder, told(database, "", **{**own, **more}))
    place.manage("migrate", "--verbosity", "0")
    place.manage("import_shop", str(ROOT / "data" / "example_shop"), "--verbosity", "0")
    return place


def event(event_id: str, **fields: object) -> dict[str, object]:
    """Return what a shop reports."""
    return {
        "user_id": "ext:alice",
        "product_id": "ext:wireless-earbuds",
        "action_type": "view",
        "event_id": event_id,
        **fields,
    }


def stored(place: Place, prefix: str) -> Counter[str]:
    """Return how many rows there are of each event whose id begins like this."""
    with psycopg.connect(place.env["DATABASE_URL"]) as database:
        rows = database.execute(
            "SELECT event_key FROM catalog_interaction WHERE starts_with(event_key, %s)", [prefix]
        )
        return Counter(event_id for (event_id,) in rows)


def say(line: str) -> None:
    """Write the figures down; `pytest -s` shows them."""
    sys.stdout.write(f"{line}\n")
