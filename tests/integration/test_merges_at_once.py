"""Merges of the same users at the same time, and while events of them arrive, on PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, connections
from django.utils import timezone

from catalog.errors import CannotMerge, InvalidEvents, UnknownUser
from catalog.models import Interaction, User
from catalog.services.interactions import record_interactions
from catalog.services.merging import merge_user
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
N_ROUNDS = 5


def at_once(*tasks: Callable[[], object]) -> list[object]:
    """Return what the tasks return or raise, started at the same moment in a thread each."""
    start = Barrier(len(tasks))

    def run(task: Callable[[], object]) -> object:
        try:
            start.wait()
            return task()
        except (CannotMerge, UnknownUser) as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def merge(user: User, into: User) -> object:
    return merge_user(user={"pk": user.pk}, into={"pk": into.pk}, now=timezone.now())


def stored(user: User, product_id: int) -> int:
    """Return how many events were stored of one that the user sends: 1, or 0 if it is refused."""
    event = {"user_id": user.pk, "product_id": product_id, "action_type": "view"}
    try:
        return record_interactions(events=[event], now=timezone.now()).n_new
    except (InvalidEvents, IntegrityError):  # which callers see as 409
        return 0


class TestMergesAtOnce:
    def test_in_both_directions_leave_one_user_with_all_events(self):
        for _ in range(N_ROUNDS):
            a, b = UserFactory(), UserFactory()
            InteractionFactory.create_batch(3, user=a)
            InteractionFactory.create_batch(4, user=b)

            at_once(lambda a=a, b=b: merge(a, b), lambda a=a, b=b: merge(b, a))

            (left,) = User.objects.filter(pk__in=[a.pk, b.pk])
            assert Interaction.objects.filter(user=left).count() == 7

    def test_lose_no_event_that_was_stored_meanwhile(self):
        product = ProductFactory()
        for _ in range(N_ROUNDS):
            a, b = UserFactory(), UserFactory()
            before = Interaction.objects.count()

            def send(guest: User = a) -> int:
                return sum(stored(guest, product.pk) for _ in range(10))

            merged, n_stored, n_more = at_once(lambda a=a, b=b: merge(a, b), send, send)

            assert not isinstance(merged, Exception)
            assert Interaction.objects.count() - before == n_stored + n_more
            assert not Interaction.objects.filter(user_id=a.pk).exists()
