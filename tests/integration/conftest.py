"""Who works in the admin, databases that processes of their own share, and metrics that begin at nothing."""

from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from access.models import Account
from observe import metrics
from recommendations.processes import pool
from tests.factories import StaffFactory


@pytest.fixture
def boss(db: None) -> Account:
    """Somebody who may do everything."""
    return StaffFactory()


@pytest.fixture
def office(client: Client, boss: Account) -> Client:
    """The admin as the boss sees it."""
    client.force_login(boss)
    return client


@pytest.fixture
def hire(db: None):
    """Return the admin as seen by a new member of staff who may do only what is named."""

    def office_of(*codenames: str) -> Client:
        clerk = StaffFactory(is_superuser=False)
        clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(clerk)
        return client

    return office_of


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that other processes reach; a test says on which kind of server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.sqlite3'}"
    return request.getfixturevalue("own_postgresql")


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """New processes are forked from one that has imported what they need, which takes them a second each."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["recommendations.training.fit", "recommendations.evaluation.evaluate"])
    monkeypatch.setattr(pool, "get_context", lambda method: context)


@pytest.fixture
def counted_anew() -> Iterator[None]:
    """This process counts, and has counted nothing before."""
    metrics.turn_off()
    metrics.turn_on()
    yield
    metrics.turn_off()
