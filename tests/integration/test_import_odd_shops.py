"""Odd files give the same reports and the same rows on both databases, and those of a naive import."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog.importing.directory import ShopDirectory
from catalog.importing.report import NullObserver
from tests.odd_shops import N_VERSIONS, stored, write_odd_shop
from tests.servers import own_postgresql
from tests.shops import run_import

ROOT = Path(__file__).parents[2]


class NaiveShop:
    """What should be stored, as dicts: rows in the order of their first appearance."""

    def __init__(self) -> None:
        self.products: dict[str, list[Any]] = {}
        self.users: dict[str, str] = {}
        self.categories: dict[str, str] = {}  # the first spelling by what is compared
        self.tags: dict[str, str] = {}
        self.events: list[tuple[str, str, str, str]] = []

    def add(self, directory: Path) -> None:
        shop = ShopDirectory(directory, NullObserver(), now=timezone.now())
        for row in shop.products():
            *_, stock, brand, _, _ = self.products.get(row["external_id"], [None, "", None, None])
            stock, brand = row.get("stock", stock), row.get("brand", brand)
            name = row["category"]
            category = self.categories.setdefault(name.casefold(), name) if name else None
            tags = {self.tags.setdefault(tag.casefold(), tag) for tag in row["tags"]}
            self.products[row["external_id"]] = [
                *(row["external_id"], row["name"], category),
                *(f"{row['price']:.2f}", row["description"], stock, brand, True, sorted(tags)),
            ]
        for user in shop.users():
            self.users[user.external_id] = user.name or self.users.get(user.external_id) or user.external_id
        seen = list(self.events)
        for event in shop.events(self.users, self.products):
            identity = (event.user, event.product, event.action_type, event.occurred_at.isoformat())
            if identity in seen:
                seen.remove(identity)
            else:
                self.events.append(identity)


@pytest.mark.django_db
class TestImportShop:
    @pytest.mark.parametrize("first_seed", [0, 10, 20])
    def test_stores_what_a_naive_import_stores(self, tmp_path: Path, first_seed: int, monkeypatch):
        monkeypatch.setattr("catalog.importing.events.CHUNK", 37)
        monkeypatch.setattr("catalog.importing.products.CHUNK", 11)
        naive = NaiveShop()

        for seed in range(first_seed, first_seed + N_VERSIONS):
            write_odd_shop(tmp_path, seed)
            naive.add(tmp_path)
            assert run_import(tmp_path).problems

            found = stored()
            assert found["products"] == list(naive.products.values())
            assert dict(found["users"]) == naive.users
            assert [name for name, _ in found["users"]] == list(naive.users)
            assert found["categories"] == list(naive.categories.values())
            assert found["tags"] == list(naive.tags.values())
            assert [tuple(event[:4]) for event in found["events"]] == naive.events

    def test_changes_nothing_the_second_time(self, tmp_path: Path):
        write_odd_shop(tmp_path, 5)
        problems = run_import(tmp_path).problems
        before = stored()

        again = run_import(tmp_path)

        assert "0 created, 0 updated" in again.out.splitlines()[0]
        assert (again.problems, stored()) == (problems, before)


@pytest.mark.slow
class TestBothDatabases:
    def test_report_and_store_the_same(self, tmp_path: Path):
        with own_postgresql() as server:
            on_postgresql = imported(tmp_path, server.url)
        on_sqlite = imported(tmp_path, f"sqlite:///{tmp_path}/shop.sqlite3")

        assert on_sqlite[0][1]
        assert on_postgresql == on_sqlite


def imported(folder: Path, database: str) -> Any:
    """Return what `tests.odd_shops` prints with this database."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.odd_shops", str(folder / "files")],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
