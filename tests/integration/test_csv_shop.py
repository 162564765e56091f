"""A shop read from its directory, against the same shop imported and read from the database."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from catalog.errors import ShopNotFound
from catalog.importing.import_shop import ImportOptions, import_shop
from catalog.importing.report import Problem
from catalog.models import Product, User
from recommendations.engine.snapshot import Snapshot
from recommendations.evaluation.csv_shop import Shop, read_shop
from recommendations.selectors.histories import log
from recommendations.selectors.snapshots import snapshot
from tests.shops import write_shop, write_small_shop

EVENT = "{},{},{},2026-03-0{}T09:00:{}Z"
EXAMPLE = Path(__file__).parents[2] / "data" / "example_shop"


class Heard:
    """A watcher that keeps the problems."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def reading(self, title: str, n_lines: int) -> None: ...

    def advanced(self, n_lines: int) -> None: ...

    def found(self, problem: Problem) -> None:
        self.problems.append(str(problem))

    def noted(self, file: str, note: str) -> None: ...


@st.composite
def shops(draw: st.DrawFn) -> dict[str, list[str]]:
    """Return the lines of three files, some of them bad."""
    key = st.sampled_from(["a", "b", "c", "d", "é", "a/b", '"e"'])
    category, tags = (
        st.sampled_from(["", "Food", "Home"]),
        st.sampled_from(["", "x", "x|y", "z| x |x", "y|z"]),
    )
    price = st.sampled_from(["2.50", "0", "1e3", "19.99", "cheap"])
    products = draw(st.lists(st.tuples(key, category, price, tags), max_size=6))
    users = draw(st.lists(key, max_size=5))
    action = st.sampled_from(["view", "click", "purchase", "cart", "dismiss", "look"])
    second = st.sampled_from(["00", "00.25", "00.5", "01"])
    events = draw(st.lists(st.tuples(key, key, action, st.integers(1, 3), second), max_size=12))
    return {
        "products": [f"{key},P,{category},{price},,{tags}" for key, category, price, tags in products],
        "users": [f"{key},U" for key in users],
        "interactions": [EVENT.format(*event) for event in events],
    }


def read(folder: Path) -> tuple[Shop, list[str]]:
    heard = Heard()
    return read_shop(folder, heard), heard.problems


def renumbered(ids: NDArray[np.int64], known: list[int]) -> list[int]:
    """Return each id's place among the known ones, from 1."""
    return [known.index(key) + 1 for key in ids.tolist()]


def told(shop: Snapshot) -> dict[str, object]:
    features = shop.features
    return {
        "active": shop.active.tolist(),
        "popularity": shop.popularity.tolist(),
        "price": shop.price.tolist(),
        "category": features.category.tolist(),
        "categories": features.categories.names,
        "tags": [features.tags[row].tolist() for row in range(len(shop))],
        "tag_names": features.tag_names.names,
        "now": shop.now,
    }


def assert_same_as_imported(folder: Path) -> None:
    """Import the folder, compare what the database then gives with what the folder gives, and undo it."""
    with transaction.atomic():
        heard = Heard()
        import_shop(folder, now=timezone.now(), observer=heard, options=ImportOptions())
        said = heard.problems
        imported, stored = log(), snapshot()
        users = list(User.objects.order_by("id").values_list("id", flat=True))
        products = list(Product.objects.order_by("id").values_list("id", flat=True))
        transaction.set_rollback(True)

    shop, problems = read(folder)

    assert told(shop.snapshot) == told(stored)
    assert shop.snapshot.product_ids.tolist() == renumbered(stored.product_ids, products)
    assert shop.log.user_ids.tolist() == renumbered(imported.user_ids, users)
    assert shop.log.product_ids.tolist() == renumbered(imported.product_ids, products)
    assert shop.log.at.tolist() == imported.at.tolist()
    assert shop.log.actions.tolist() == imported.actions.tolist()
    assert problems == said
    assert shop.n_problems == len(problems)


class TestShopOf:
    @pytest.mark.django_db
    @settings(max_examples=60, deadline=None)
    @given(shops())
    def test_is_the_shop_that_an_import_stores(
        self, tmp_path_factory: pytest.TempPathFactory, files: dict[str, list[str]]
    ):
        assert_same_as_imported(write_shop(tmp_path_factory.mktemp("shop"), **files))

    @pytest.mark.django_db
    def test_is_the_example_shop_as_an_import_stores_it(self):
        assert_same_as_imported(EXAMPLE)

    @pytest.mark.django_db
    def test_takes_what_is_sold_out_as_inactive(self, tmp_path: Path):
        folder = write_small_shop(tmp_path)
        lines = ["id,name,category,price,description,tags,stock", "a,A,,1,,,0", "b,B,,1,,,", "c,C,,1,,,3"]
        (folder / "products.csv").write_text("\n".join([*lines, "tea,Tea,,1,,,0", ""]))

        assert_same_as_imported(folder)
        assert read(folder)[0].snapshot.active.tolist() == [False, False, True, True]

    def test_has_the_groups_and_paths_of_the_file(self, tmp_path: Path):
        folder = write_small_shop(tmp_path)
        lines = [
            "id,name,category,price,description,tags,group",
            "a,A,X > Y,1,,,g",
            "b,B,X,1,,,g",
            "tea,T,,1,,,",
        ]
        (folder / "products.csv").write_text("\n".join([*lines, ""]))

        snapshot = read(folder)[0].snapshot
        assert snapshot.features.categories.names == ("X > Y", "X")
        assert snapshot.groups is not None
        assert sorted(map(snapshot.groups.name_at, range(3))) == ["", "g", "g"]

    @pytest.mark.django_db
    def test_orders_events_by_fractions_of_a_second_and_then_as_they_stand(self, tmp_path: Path):
        moments = ["00.5Z", "00.25Z", "00Z", "00.25Z"]
        events = [f"ann,{key},view,2026-03-01T09:00:{m}" for key, m in zip("abcd", moments, strict=True)]
        products = [f"{key},P,,1,," for key in "abcd"]

        folder = write_shop(tmp_path, products=products, users=["ann,Ann"], interactions=events)

        assert_same_as_imported(folder)
        assert read(folder)[0].log.product_ids.tolist() == [3, 2, 4, 1]

    def test_asks_no_database(self, tmp_path: Path):
        # Without the mark of tests that may, pytest-django refuses every query.
        shop, _ = read(write_small_shop(tmp_path))

        assert (len(shop.log), len(shop.snapshot), shop.n_problems) == (60, 2, 0)

    def test_reads_packed_events(self, tmp_path: Path):
        folder = write_small_shop(tmp_path)
        plain = folder / "interactions.csv"
        (folder / "interactions.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()

        assert len(read(folder)[0].log) == 60

    def test_takes_no_events_from_two_files(self, tmp_path: Path):
        folder = write_small_shop(tmp_path)
        (folder / "interactions.csv.gz").write_bytes(b"")

        shop, problems = read(folder)

        assert len(shop.log) == 0
        assert problems == ["interactions.csv: interactions.csv.gz exists, too; keep only one of them"]

    def test_reports_each_problem_once(self, tmp_path: Path):
        folder = write_small_shop(tmp_path)
        with (folder / "interactions.csv").open("a") as file:
            file.write("ann,tea,look,2026-03-01T09:00:00Z\n")

        shop, problems = read(folder)

        assert len(shop.log) == 60
        assert len(problems) == shop.n_problems == 1
        assert problems[0].startswith('interactions.csv, line 62, column action_type, value "look"')

    def test_raises_where_there_is_no_directory(self, tmp_path: Path):
        with pytest.raises(ShopNotFound, match="is not a directory"):
            read(tmp_path / "nowhere")
