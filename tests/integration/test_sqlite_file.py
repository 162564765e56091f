"""A SQLite file that is removed or replaced while it is open."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connections

from recsite.database_errors import NO_FILE, advice
from recsite.sqlite import base
from recsite.sqlite.base import DatabaseWrapper


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return shop(tmp_path / "shop.sqlite3", "before")


@pytest.fixture
def opened(path: Path) -> Iterator[DatabaseWrapper]:
    settings = {**connections["default"].settings_dict, "ENGINE": "recsite.sqlite", "NAME": str(path)}
    opened = DatabaseWrapper({**settings, "OPTIONS": {}, "CONN_MAX_AGE": None}, "file")
    opened.inc_thread_sharing()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _without_pause(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(base, "_CHECK_SECONDS", 0.0)


def shop(path: Path, name: str) -> Path:
    """Return the path of a new file with this name in it."""
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE shop (name)")
        file.execute("INSERT INTO shop VALUES (?)", [name])
    file.close()
    return path


def name_in(opened: DatabaseWrapper) -> str:
    """Return the name that the next request reads."""
    opened.close_if_unusable_or_obsolete()
    with opened.cursor() as cursor:
        cursor.execute("SELECT name FROM shop")
        return cursor.fetchone()[0]


@pytest.mark.django_db
class TestFile:
    def test_that_was_removed_is_an_error_and_not_made_anew(self, opened: DatabaseWrapper, path: Path):
        assert name_in(opened) == "before"
        path.unlink()

        for _ in range(2):
            with pytest.raises(OperationalError, match="it was removed") as refused:
                name_in(opened)

        assert advice(refused.value) == NO_FILE
        assert not path.exists()

    def test_that_was_replaced_is_read(self, opened: DatabaseWrapper, path: Path):
        assert name_in(opened) == "before"
        shop(path.with_name("restored"), "after").replace(path)

        assert name_in(opened) == "after"

    def test_that_comes_back_is_read(self, opened: DatabaseWrapper, path: Path):
        assert name_in(opened) == "before"
        away = path.rename(path.with_name("away"))
        with pytest.raises(OperationalError):
            name_in(opened)
        away.rename(path)

        assert name_in(opened) == "before"

    def test_stays_open_in_the_middle_of_a_transaction(self, opened: DatabaseWrapper, path: Path):
        name_in(opened)
        opened.in_atomic_block = True
        path.unlink()

        assert name_in(opened) == "before"
        opened.in_atomic_block = False

    def test_is_looked_at_once_a_second(self, opened: DatabaseWrapper, path: Path, monkeypatch):
        monkeypatch.setattr(base, "_CHECK_SECONDS", 3_600.0)
        name_in(opened)
        looked = []
        monkeypatch.setattr(base, "identity_of", looked.append)

        for _ in range(100):
            name_in(opened)

        assert looked == []

    def test_that_is_new_is_made(self, tmp_path: Path):
        settings = {**connections["default"].settings_dict, "NAME": str(tmp_path / "new"), "OPTIONS": {}}
        new = DatabaseWrapper(settings, "new")
        new.ensure_connection()
        new.close()

        assert (tmp_path / "new").exists()
