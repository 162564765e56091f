"""Tests of `import_shop --unless-imported`."""

from pathlib import Path

import pytest

from catalog.models import Interaction, Product, User
from tests.factories import InteractionFactory, ProductFactory, UserFactory
from tests.shops import EVENTS, n_rows, run_import, write_shop, write_small_shop

pytestmark = pytest.mark.django_db

ANOTHER = "The database contains another shop; nothing was changed.\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_small_shop(tmp_path)


class TestUnlessImported:
    def test_imports_a_shop_that_is_not_there(self, shop):
        assert "Interactions: 60 new" in run_import(shop, "--unless-imported").out

    def test_leaves_an_imported_shop_alone(self, shop):
        run_import(shop)
        Product.objects.filter(external_id="tea").update(name="Green tea")

        reported = run_import(shop, "--unless-imported")

        assert reported.out == f"{shop} is already imported; nothing was changed.\n"
        assert Product.objects.get(external_id="tea").name == "Green tea"

    def test_says_nothing_when_quiet(self, shop):
        run_import(shop)

        assert run_import(shop, "--unless-imported", "--verbosity", "0").out == ""

    @pytest.mark.parametrize(
        "lost",
        [
            lambda: Interaction.objects.order_by("-occurred_at").first().delete(),
            lambda: User.objects.get(external_id="ben").delete(),
            lambda: Product.objects.get(external_id="mug").delete(),
        ],
        ids=["last event", "user", "product"],
    )
    def test_completes_an_import_that_was_interrupted(self, shop, lost):
        run_import(shop)
        lost()

        run_import(shop, "--unless-imported")

        assert n_rows() == [2, 2, 2, 2, 60]

    def test_tells_the_last_event_from_an_identical_one_before(self, shop, monkeypatch):
        monkeypatch.setattr("catalog.importing.events.CHUNK", 1)
        write_shop(shop, interactions=[EVENTS[0], EVENTS[1], EVENTS[0]])
        run_import(shop)
        Interaction.objects.order_by("-id").first().delete()

        run_import(shop, "--unless-imported")

        assert Interaction.objects.count() == 3

    def test_leaves_a_shop_without_events_alone(self, shop):
        write_shop(shop, interactions=[])
        run_import(shop)

        assert "is already imported" in run_import(shop, "--unless-imported").out

    def test_reports_what_is_bad_in_a_shop_that_is_there(self, shop):
        run_import(shop)
        write_shop(shop, interactions=[*EVENTS, "eve,tea,view,2026-03-01"])

        reported = run_import(shop, "--unless-imported")

        assert reported.error == "1 problem found; everything else was imported."


@pytest.fixture(
    params=[
        lambda: ProductFactory(external_id="gin"),
        lambda: ProductFactory(external_id=None),
        lambda: ProductFactory(external_id="gin", is_active=False),
        lambda: UserFactory(external_id="eve"),
        lambda: UserFactory(external_id=None),
        lambda: InteractionFactory(user__external_id="eve", product__external_id="gin"),
    ],
    ids=["product", "product without key", "inactive product", "shopper", "shopper without key", "event"],
)
def added(request: pytest.FixtureRequest) -> object:
    """Return a function that stores rows that are not in the small shop's files."""
    return request.param


class TestAnotherShop:
    def test_stays_as_it_is(self, shop, added):
        added()
        before = n_rows(), User.objects.count()

        reported = run_import(shop, "--unless-imported")

        assert (reported.out, reported.error, reported.stderr.getvalue()) == (ANOTHER, "", "")
        assert (n_rows(), User.objects.count()) == before

    def test_stays_as_it_is_even_if_it_shares_keys_with_the_files(self, shop, added):
        ProductFactory(external_id="tea", name="Teapot")
        UserFactory(external_id="ann", name="Annabel")
        added()

        reported = run_import(shop, "--unless-imported")

        assert reported.out == ANOTHER
        assert Product.objects.get(external_id="tea").name == "Teapot"
        assert User.objects.get(external_id="ann").name == "Annabel"

    def test_is_not_seen_in_what_was_added_to_an_imported_one(self, shop, added):
        run_import(shop)
        added()

        reported = run_import(shop, "--unless-imported")

        assert reported.out == f"{shop} is already imported; nothing was changed.\n"

    def test_is_not_mentioned_when_quiet(self, shop):
        UserFactory(external_id="eve")

        assert run_import(shop, "--unless-imported", "--verbosity", "0").out == ""
        assert n_rows()[0] == 0

    def test_is_imported_into_when_asked_plainly(self, shop):
        UserFactory(external_id="eve")

        assert "Interactions: 60 new" in run_import(shop).out
