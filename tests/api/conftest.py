"""Who asks: nobody in particular, a shopper who is logged in, or staff."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.factories import StaffFactory, UserFactory


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
def shopper_client(db: None) -> APIClient:
    client = APIClient()
    client.force_login(UserFactory())
    return client


@pytest.fixture
def open_reads(settings: Settings) -> None:
    """Everybody may read."""
    settings.API_OPEN_READS = True
