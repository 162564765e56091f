"""The real shop on PostgreSQL, and on PostgreSQL with a shared Redis, against SQLite: each read, and events.

Sections: reads, events. Two workers each, eight connections, default caches, in alternating slices.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import servers, shops
from bench.ab import Ratios, Side, compared
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options
from stack.postgresql import cluster
from stack.redis_server import redis

ONLY_WHEN_ASKED = True  # it trains models, which takes minutes
SECTIONS = ("reads", "events")
LEAST = 0.7
NO_TARGET = ("live hybrid", "catalogue page", "an event")
READS = {
    "stored": "/recommend/{id}?top_n=5",
    "live content": "/recommend/{id}?top_n=5&min_price=0.5&strategy=content",
    "live collaborative": "/recommend/{id}?top_n=5&strategy=collaborative",
    "live hybrid": "/recommend/{id}?top_n=5&strategy=hybrid",
    "similar": "/products/{id}/similar?top_n=5",
    "bought together": "/products/{id}/bought-together?top_n=5",
    "trending": "/trending?top_n=5",
    "product": "/products/{id}",
    "catalogue page": "/products?page_size=20&search=lantern",
}
EVENT = {"user_id": "{id}", "product_id": 1, "action_type": "view", "event_id": "{unique}"}


@dataclass(frozen=True, slots=True)
class Store:
    """A running server. users, products: the numbers of rows, whose ids begin at 1"""

    url: str
    key: str
    database_pid: int
    users: int
    products: int

    def side(self, path: str, *, key: str = "") -> Side:
        """Return the target of requests to this path, with an id of a user or of a product."""
        n = self.products if path.startswith("/products") else self.users
        return Side(self.url, path, (1, n), key, self.database_pid)


def measure(options: Options) -> Measured:
    found: dict[str, Ratios] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        made, url = stack.enter_context(cluster()), stack.enter_context(redis())
        pid = int((made.folder / "data" / "postmaster.pid").read_text().split()[0])
        here, there = Path(folder) / "sqlite", Path(folder) / "postgresql"
        _fill(here / "shop.sqlite3", here)
        _fill(made.url, there)
        sqlite = stack.enter_context(_serving(here / "shop.sqlite3", here))
        others = {
            "PostgreSQL": stack.enter_context(_serving(made.url, there, pid)),
            "PostgreSQL with Redis": stack.enter_context(_serving(made.url, there, pid, REDIS_URL=url)),
        }
        # The database and Redis are no foreign load, but the operating system does some work for them.
        ours = replace(options, max_foreign=options.max_foreign and max(options.max_foreign, 0.3))
        for name, other in others.items():
            if options.wants("reads"):
                for read, path in READS.items():
                    found[f"{read}, {name}"] = compared(sqlite.side(path), other.side(path), ours, read)
            if options.wants("events"):
                sides = (each.side("/interactions", key=each.key) for each in (sqlite, other))
                found[f"an event, {name}"] = compared(*sides, ours, "event", body=json.dumps(EVENT))
    figures = [_figure(name, ratios) for name, ratios in found.items()]
    return Measured(figures, {name: ratios.found for name, ratios in found.items()})


def _fill(database: shops.Database, folder: Path) -> None:
    """Import the real shop, train the models and store the lists. folder: for the models"""
    folder.mkdir()
    _manage(database, folder, "migrate", "--verbosity", "0")
    _manage(database, folder, "import_shop", str(shops.REAL))
    _manage(database, folder, "train_models", "--no-evaluate", "--activate")
    _manage(database, folder, "generate_recommendations")


@contextmanager
def _serving(database: shops.Database, folder: Path, pid: int = 0, **settings: str) -> Iterator[Store]:
    """Yield a server of the filled database. pid: of the database's server"""
    key = _manage(database, folder, "apikey", "make", f"bench{len(settings)}", "--scope", "events:write")
    counts = "from catalog.models import *; print(User.objects.count(), Product.objects.count())"
    n_users, n_products = map(int, _manage(database, folder, "shell", "-v", "0", "-c", counts).split())
    with servers.ours(database, settings={**_settings(folder), **settings}) as url:
        yield Store(url, key.strip(), pid, n_users, n_products)


def _settings(folder: Path) -> dict[str, str]:
    return {"MODEL_DIR": str(folder / "models"), "THROTTLE_RATES": "all=off"}


def _manage(database: shops.Database, folder: Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=shops.ROOT,
        env={**shops.environment(database), **_settings(folder)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def _figure(name: str, ratios: Ratios) -> Figure:
    """Return the requests a second against SQLite, with the CPU time of both sides."""
    first, second = ratios.found["a"], ratios.found["b"]
    here, there, database = (
        first["server_cpu_ms_per_req"],
        second["server_cpu_ms_per_req"],
        second["database_cpu_ms_per_req"],
    )
    note = (
        f"{second['rps']:,.0f} against {first['rps']:,.0f} a second; p99 {second['p99_ms']:.1f} against "
        f"{first['p99_ms']:.1f} ms; CPU {there:.2f} + {database:.2f} in the database against {here:.2f} ms"
    )
    least = None if name.startswith(NO_TARGET) else LEAST
    return Figure(
        f"{name} against SQLite", ratios.of("rps"), "x", ratios.interval("rps"), least=least, note=note
    )
