"""What a shop asks of the service all day, mixed as a shop mixes it, at a steady pace."""

import itertools
import time
from collections.abc import Iterable, Iterator

from deploy.crowd import Request

PRODUCTS = ("wireless-earbuds", "power-bank", "smart-watch", "e-reader", "laptop-sleeve", "phone-case")
ACTIONS = ("view", "view", "click", "view", "cart", "purchase")
N_SHOPPERS = 200
N_IN_BULK = 10


def shoppers() -> Iterator[Request]:
    """Yield what makes the shoppers of whom the mixture speaks."""
    for n in range(N_SHOPPERS):
        yield Request("PUT", f"/users/ext:soak-{n}", {"name": f"Shopper {n}"})


def mixture(name: str) -> Iterator[Request]:
    """Yield requests for ever: of twenty fifteen read and five write. name: how their events' ids begin."""
    for n in itertools.count():
        who = f"soak-{n % N_SHOPPERS}"
        product = PRODUCTS[n % len(PRODUCTS)]
        yield Request("GET", f"/recommend/ext:{who}?top_n=5")
        yield Request("GET", "/recommend/ext:alice")
        yield Request("GET", f"/recommend/ext:{who}?diversity=0.3&max_price=100")
        yield Request("POST", "/interactions", _event(f"{name}-{n}", who, n))
        yield Request("GET", f"/products?page_size=20&page={n % 2 + 1}")
        yield Request("GET", "/trending?top_n=10")
        yield Request("GET", f"/products/ext:{product}/similar")
        yield Request("POST", "/interactions", _event(f"{name}-{n}", who, n))  # again: stored once
        yield Request("GET", "/products/popular")
        yield Request("POST", "/recommend/session", {"product_ids": [f"ext:{product}"], "top_n": 5})
        yield Request("GET", f"/users/ext:{who}/interactions")
        yield Request("GET", f"/recommend/ext:{who}?strategy=trending")
        yield Request("GET", "/categories")
        yield Request("GET", f"/products/ext:{product}")
        yield Request("POST", "/token/shopper", {"user": f"ext:{who}"})
        yield Request("GET", f"/recommend/ext:{who}/buy-again")
        yield Request("GET", f"/products/ext:{product}/bought-together")
        yield Request("PATCH", f"/products/ext:{product}", {"stock": 1_000 + n % 50})
        yield Request("GET", "/recommend/ext:bob")
        yield Request(
            "POST",
            "/interactions/bulk",
            [_event(f"{name}-bulk-{n % 500}-{row}", who, n + row) for row in range(N_IN_BULK)],
        )


def paced(requests: Iterable[Request], a_second: float) -> Iterator[Request]:
    """Yield the requests, so many a second; what could not be asked in time is not made up for."""
    due = time.monotonic()
    for request in requests:
        now = time.monotonic()
        due = max(due + 1 / a_second, now)
        time.sleep(due - now)
        yield request


def _event(event_id: str, who: str, n: int) -> dict[str, object]:
    return {
        "user_id": f"ext:{who}",
        "product_id": f"ext:{PRODUCTS[n % len(PRODUCTS)]}",
        "action_type": ACTIONS[n % len(ACTIONS)],
        "event_id": event_id,
    }
