"""The example shop gives the answers that its README works out by hand, counted naively from its files."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog.models import Interaction, Product, User

SHOP = Path(__file__).parents[2] / "data" / "example_shop"


def lines_of(name: str) -> list[dict[str, str]]:
    with (SHOP / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PRODUCTS = {product["id"]: product for product in lines_of("products")}
EVENTS = sorted(lines_of("interactions"), key=lambda event: event["created_at"])
POPULARITY = Counter(event["product_id"] for event in EVENTS)


def tags_of(product: str) -> list[str]:
    return [tag for tag in PRODUCTS[product]["tags"].split("|") if tag]


def top(names: list[str], n: int) -> list[str]:
    """Return the n most frequent of names in the order of time; ties go to the latest, then by name."""
    counts, latest = Counter(names), {name: moment for moment, name in enumerate(names)}
    return sorted(counts, key=lambda name: (-counts[name], -latest[name], name))[:n]


class Shopper:
    """Somebody's profile and scores, by the book."""

    def __init__(self, user: str) -> None:
        self.history = [event["product_id"] for event in EVENTS if event["user_id"] == user]
        categories = [PRODUCTS[product]["category"] for product in self.history]
        self.categories = top([name for name in categories if name], 3)
        self.tags = top([tag for product in self.history for tag in tags_of(product)], 5)

    def score(self, product: str) -> int:
        return 10 * (PRODUCTS[product]["category"] in self.categories) + 3 * sum(
            tag in self.tags for tag in tags_of(product)
        )

    def best(self) -> list[str]:
        order = list(PRODUCTS)
        scored = [product for product in order if product not in self.history and self.score(product) > 0]
        return sorted(
            scored, key=lambda product: (-self.score(product), -POPULARITY[product], order.index(product))
        )


@pytest.fixture(scope="module")
def alice() -> Shopper:
    return Shopper("alice")


@pytest.fixture(scope="module")
def readme() -> str:
    return (SHOP / "README.md").read_text(encoding="utf-8")


class TestAlice:
    def test_likes_electronics_and_accessories(self, alice):
        assert alice.categories == ["Electronics", "Accessories"]

    def test_likes_these_five_tags(self, alice):
        assert alice.tags == ["audio", "portable", "bluetooth", "wireless", "travel"]

    def test_gives_the_wireless_earbuds_16(self, alice):
        earbuds = PRODUCTS["wireless-earbuds"]

        assert (earbuds["name"], earbuds["category"]) == ("Wireless Earbuds", "Electronics")
        assert earbuds["tags"] == "electronics|audio|earbuds|wireless"
        assert alice.score("wireless-earbuds") == 16

    def test_gives_the_desk_lamp_0(self, alice):
        lamp = PRODUCTS["desk-lamp"]

        assert (lamp["name"], lamp["category"], lamp["tags"]) == (
            "Desk Lamp",
            "Home",
            "home|lighting|desk|led",
        )
        assert alice.score("desk-lamp") == 0

    def test_has_touched_neither(self, alice):
        assert not {"wireless-earbuds", "desk-lamp"} & set(alice.history)

    def test_gets_the_ten_products_of_the_readme(self, alice, readme):
        table = re.findall(r"^\| (\d+) \| ([^|]+) \| (\d+) \| ([^|]+) \| (\d+) \|$", readme, re.MULTILINE)

        assert [(name, int(score), int(events)) for _, name, score, _, events in table] == [
            (PRODUCTS[product]["name"], alice.score(product), POPULARITY[product])
            for product in alice.best()[:10]
        ]
        assert all(
            sum(map(int, re.findall(r" (\d+)", reasons))) == int(score) for _, _, score, reasons, _ in table
        )


class TestTheCasesOfTheReadme:
    def test_are_as_many_rows_as_it_says(self, readme):
        for name in ("products", "users", "interactions"):
            assert f"| `{name}.csv` | {len(lines_of(name))} |" in readme

    def test_include_somebody_without_history_and_somebody_with_one_product(self):
        histories = {user["id"]: set(Shopper(user["id"]).history) for user in lines_of("users")}

        assert [user for user, history in histories.items() if not history] == ["frank"]
        assert [user for user, history in histories.items() if len(history) == 1] == ["emma"]

    def test_include_names_beyond_ascii(self):
        assert [user["name"] for user in lines_of("users") if not user["name"].isascii()] == [
            "Zoë Müller",
            "健二",
        ]

    def test_include_somebody_with_fewer_matches_than_five(self):
        assert Shopper("carol").best() == ["wall-clock", "e-reader"]

    def test_include_products_without_category_tags_or_events(self):
        assert [key for key, product in PRODUCTS.items() if not product["category"]] == ["bluetooth-beanie"]
        assert [key for key in PRODUCTS if not tags_of(key)] == ["sticker-set"]
        assert [key for key in PRODUCTS if not POPULARITY[key]] == [
            "wired-earbuds",
            "sticker-set",
            "wall-clock",
            "skipping-rope",
        ]

    def test_include_two_products_that_are_equally_popular(self):
        assert POPULARITY.most_common(2) == [("wireless-earbuds", 4), ("coffee-mug", 4)]
        assert sorted(POPULARITY.values())[-3] < 4


@pytest.mark.django_db
class TestImport:
    def test_takes_the_whole_shop(self):
        call_command("import_shop", str(SHOP), "--strict", verbosity=0)

        assert list(Product.objects.order_by("id").values_list("external_id", flat=True)) == list(PRODUCTS)
        assert User.objects.count() == len(lines_of("users"))
        assert Interaction.objects.count() == len(EVENTS)
