"""Who asks: nobody in particular, an account without rights, or staff; and what events speak of."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from access.models import Account
from catalog.models import Product, User
from recsite.cache.sliding_window import SlidingWindowCounter
from recsite.config.throttle_rates import rates
from recsite.http import throttling
from tests.api.access_world import World, member_with_password
from tests.contracts.window_counter import Clock
from tests.factories import AccountFactory, ProductFactory, StaffFactory, UserFactory


def limit(settings: Settings, *limits: str) -> None:
    """Set these rate limits, and turn the others off."""
    settings.THROTTLE_RATES = rates(["all=off", *limits], open_reads=False)


@pytest.fixture
def client() -> APIClient:
    """Nobody in particular."""
    return APIClient()


@pytest.fixture
def staff_client(db: None) -> APIClient:
    client = APIClient()
    client.force_login(StaffFactory())
    return client


@pytest.fixture
def account_client(db: None) -> APIClient:
    """Somebody with an account who is no staff."""
    client = APIClient()
    client.force_login(AccountFactory())
    return client


@pytest.fixture
def open_reads(settings: Settings) -> None:
    """Everybody may read."""
    settings.API_OPEN_READS = True


@pytest.fixture
def anna(db: None) -> User:
    """The shopper of `events.event()`."""
    return UserFactory(external_id="anna")


@pytest.fixture
def lamp(db: None) -> Product:
    """The product of `events.event()`."""
    return ProductFactory(external_id="lamp")


@pytest.fixture
def shopper(db: None) -> User:
    return UserFactory(external_id="anna", name="Anna")


@pytest.fixture
def other(db: None) -> User:
    return UserFactory(external_id="bert", name="Bert")


@pytest.fixture
def member(db: None) -> Account:
    """Whose password is known."""
    return member_with_password()


@pytest.fixture
def world(shopper: User, lamp: Product, member: Account) -> World:
    return World(shopper, lamp, member)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of this process's windows."""
    clock = Clock()
    windows = SlidingWindowCounter(clock=clock)
    monkeypatch.setattr(throttling, "counter", lambda: windows)
    return clock
