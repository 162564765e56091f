"""A shop with a list that was generated ahead, and how its shopper asks."""

import json
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Product, User
from recommendations import wiring
from recommendations.models import StoredList
from tests.factories import InteractionFactory, ProductFactory, UserFactory


def shopper() -> User:
    """Return Alice, who bought a radio in a shop of eight speakers."""
    user = UserFactory(name="Alice", external_id="alice")
    radio = ProductFactory(name="Radio", category="Audio", tags=["loud"])
    InteractionFactory.create_batch(2, user=user, product=radio, action_type="purchase")
    for n in range(8):
        ProductFactory(name=f"Speaker {n}", category="Audio", tags=["loud", f"tag {n}"], stock=5)
    return user


def generate(user: User, strategy: str = "content", n: int = 6, *, explain: bool = False) -> StoredList:
    wiring.generator(wiring.model_ref(strategy), n, explain=explain)([user.id])
    return StoredList.objects.get(user=user, strategy=strategy)


def get(client: Client, path: str) -> tuple[int, bytes, int]:
    """Return the status, the body, and how many queries it took."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    return answer.status_code, answer.content, len(asked)


def shown(client: Client, user: User, query: str = "") -> Any:
    return json.loads(get(client, f"/recommend/{user.id}{query}")[1])


def warm(client: Client, user: User, query: str = "") -> None:
    """Have the answer kept: the second of two takes one query."""
    path = f"/recommend/{user.id}{query}"
    get(client, path)
    assert get(client, path)[2] == 1


def read_while(client: Client, user: User, n_reads: int, change: Callable[[], Any]) -> int:
    """Have the user's list read, with the change after so many reads; return how many reads there were."""
    done = 0

    def interfere(execute: Any, *arguments: Any) -> Any:
        nonlocal done
        done += 1
        if done == n_reads + 1:
            change()
        return execute(*arguments)

    with connection.execute_wrapper(interfere):
        client.get(f"/recommend/{user.id}")
    return done


def first(user: User) -> Product:
    """The product in the first place of the user's stored list."""
    return Product.objects.get(id=StoredList.objects.get(user=user).picks[0][0])
