"""GET /recommend/{user_id} while the shop changes between the queries of a request."""

import pytest
from django.test import Client

from catalog.models import User
from recommendations import wiring
from tests.api.ahead import generate, read_while, shopper, shown
from tests.api.changes import CHANGES

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("open_reads")]


@pytest.fixture
def alice() -> User:
    return shopper()


class TestMeanwhile:
    """An answer made from reads before and after a change must not be cached as if it showed the change."""

    @pytest.mark.parametrize("n_reads", range(5))
    @pytest.mark.parametrize(
        "what",
        ["a product is renamed", "a dismissal", "the user is renamed", "the default strategy", "a new list"],
    )
    def test_is_in_the_next_answer_after_any_read(self, client: Client, alice: User, what: str, n_reads: int):
        change, _ = CHANGES[what]
        generate(alice)

        done = read_while(client, alice, n_reads, lambda: change(alice))

        now = shown(client, alice)
        wiring.forget()
        assert done > n_reads
        assert now == shown(client, alice)
