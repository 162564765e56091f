"""`python -m bench.search N`: fill the configured, migrated database with N products, and time searches."""

# ruff: noqa: E402, SIM905

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import django

django.setup()

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client

from catalog.models import Product
from catalog.search import found
from core.db.staging import fields_of, insert_chunks

ADJECTIVES = "red blue green white black vintage hanging folding wooden glass".split()
THINGS = (
    "lantern lamp mug basket clock frame bowl candle tray hook bag box sign jar tin rack cushion mat".split()
)
ROUNDS = 21
# A number of 7 digits is in one product, a thing in every 18th.
TERMS = {
    "a rare word": "0123457",
    "a broad word": "lantern",
    "two words": "vintage lantern",
    "not found": "xylophone",
    "two letters": "xy",
}


def main(n_products: int) -> None:
    began = time.perf_counter()
    names = ("external_id", "name", "brand", "price", "description", "is_active", "created_at", "updated_at")
    for _ in insert_chunks(Product, names, _chunks(n_products, names), unique="external_id"):
        pass
    filled = time.perf_counter()
    call_command("index_products", verbosity=0, stdout=sys.stderr)
    indexed = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    result: dict[str, Any] = {"fill_s": filled - began, "index_s": indexed - filled, "terms": {}}
    staff = _staff()
    for name, term in TERMS.items():
        result["terms"][name] = {
            "first": _timed(term, before=found.forget),
            "again": _timed(term),
            "after a change": _timed(term, before=_change_one),
            "admin": _median(lambda term=term: staff.get("/admin/catalog/product/", {"q": term}), None, 5),
        }
    sys.stdout.write(json.dumps(result))


def _chunks(n_products: int, names: tuple[str, ...]) -> Iterator[list[tuple[Any, ...]]]:
    now = datetime.now(UTC)
    fields = fields_of(Product, names).values()
    for start in range(0, n_products, 10_000):
        rows = [_product(n, now) for n in range(start, min(start + 10_000, n_products))]
        if connection.vendor == "sqlite":
            rows = [
                tuple(
                    field.get_db_prep_save(value, connection)
                    for field, value in zip(fields, row, strict=True)
                )
                for row in rows
            ]
        yield rows


def _product(n: int, now: datetime) -> tuple[Any, ...]:
    adjective, thing = ADJECTIVES[n % 10], THINGS[n * 7 % 18]
    name = f"{adjective.title()} {thing} {n:07}"
    text = f"A {adjective} {THINGS[n * 5 % 17]} for the {THINGS[n // 7 % 11]}, by hand, no. {n:07}."
    return f"p-{n:07}", name, f"Maker {n % 500}", Decimal(n % 100), text, True, now, now


def _timed(term: str, before: Callable[[], object] | None = None) -> float:
    client = Client(SERVER_NAME="localhost")
    return _median(lambda: client.get("/products", {"search": term}), before, ROUNDS)


def _median(ask: Callable[[], Any], before: Callable[[], object] | None, rounds: int) -> float:
    """Return the median of the milliseconds that a response takes."""
    taken = []
    for _ in range(rounds):
        if before:
            before()
        began = time.perf_counter()
        response = ask()
        taken.append(1000 * (time.perf_counter() - began))
        if response.status_code != 200:
            raise RuntimeError(response.content.decode())
    return statistics.median(taken)


def _change_one() -> None:
    product = Product.objects.order_by("id").first()
    product.price += 1
    product.save(update_fields=["price"])


def _staff() -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(get_user_model().objects.create_superuser("bench"))
    return client


if __name__ == "__main__":
    main(int(sys.argv[1]))
