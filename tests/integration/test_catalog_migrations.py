"""The catalogue's tables can go back and forth between versions with rows in them."""

from collections.abc import Iterator

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)

DEEDS = ["view", "click", "cart", "purchase", "dismiss"]


def at(name: str) -> Apps:
    """Bring the catalogue to a migration, and return the models as they are there."""
    MigrationExecutor(connection).migrate([("catalog", name)])
    return MigrationExecutor(connection).loader.project_state([("catalog", name)]).apps


def add_event(apps: Apps, deed: str) -> None:
    user, _ = apps.get_model("catalog", "User").objects.get_or_create(username="ann")
    product, _ = apps.get_model("catalog", "Product").objects.get_or_create(name="Tea", price=1)
    apps.get_model("catalog", "Interaction").objects.create(user=user, product=product, action_type=deed)


def deeds(apps: Apps) -> list[str]:
    events = apps.get_model("catalog", "Interaction").objects.order_by("id")
    return list(events.values_list("action_type", flat=True))


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


class TestStockAndDeeds:
    def test_keeps_the_events_that_were_there(self):
        before = at("0001_initial")
        add_event(before, "view")
        add_event(before, "purchase")

        after = at("0002_stock_and_deeds")

        assert deeds(after) == ["view", "purchase"]
        assert after.get_model("catalog", "Product").objects.get().stock is None

    def test_goes_back_without_what_the_version_before_cannot_hold(self):
        after = at("0002_stock_and_deeds")
        for deed in DEEDS:
            add_event(after, deed)

        before = at("0001_initial")

        assert deeds(before) == ["view", "click", "purchase"]
        with pytest.raises(IntegrityError), transaction.atomic():
            add_event(before, "cart")
