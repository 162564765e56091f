"""Shops to measure on: each size is generated and imported once, and kept in bench/shops/."""

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
SHOPS = HERE / "shops"
SIZES = ("S", "M", "L", "XL")  # smallest first
REAL = ROOT / "data" / "online_retail"


# The path of an SQLite file, or a URL.
Database = Path | str


# No cached response and no cached history: every request reads the database.
KEEPING_NOTHING = {"ANSWER_CACHE_MIB": "0"}


def environment(database: Database) -> dict[str, str]:
    """Return the environment of a process that uses this database and none of the developer's settings."""
    return {
        **os.environ,
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "recsite.settings",
        "SECRET_KEY": "bench-only-" + "x" * 50,
        "DATABASE_URL": database if isinstance(database, str) else f"sqlite:///{database}",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "API_OPEN_READS": "true",
        "SECURE_SSL_REDIRECT": "false",
        "OPENAI_API_KEY": "",
    }


def folder(size: str) -> Path:
    """Return the folder of the generated shop of size S, M, L or XL. Generates it if it does not exist."""
    files = SHOPS / size
    with _alone():
        if not (files / "manifest.json").exists():
            _run([str(HERE / "make_shop.py"), "--size", size, "--out", str(files)], dict(os.environ))
    return files


def manifest(size: str) -> dict[str, Any]:
    """Return the generator's manifest of the shop: its numbers of rows, and the users without a history."""
    found: dict[str, Any] = json.loads((folder(size) / "manifest.json").read_text())
    return found


def generated(size: str) -> Path:
    """Return the database of the generated shop. Generates and imports it if it does not exist."""
    files = folder(size)
    return _imported(files, files / "shop.sqlite3")


def fill(size: str, database: Database) -> None:
    """Migrate the empty database and import the generated shop."""
    _run(["manage.py", "migrate", "--verbosity", "0"], environment(database))
    _run(["manage.py", "import_shop", str(folder(size))], environment(database))


def real() -> Path:
    """Return the database of the real shop. Imports it if it does not exist."""
    return _imported(REAL, SHOPS / "online_retail.sqlite3")


def copied(database: Path, name: str) -> Path:
    """Return a new copy of the database for writing."""
    copy = database.with_name(f"{database.stem}-{name}.sqlite3")
    for former in copy.parent.glob(copy.name + "*"):
        former.unlink()
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _imported(files: Path, database: Path) -> Path:
    """Return the database, migrated to the current code."""
    with _alone():
        new = not database.exists()
        place = database.with_suffix(".unfinished") if new else database
        if new:
            for former in database.parent.glob(place.name + "*"):
                former.unlink()
        _run(["manage.py", "migrate", "--verbosity", "0"], environment(place))
        if new:
            _run(["manage.py", "import_shop", str(files)], environment(place))
            place.rename(database)
    return database


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock, since two processes that generate a shop would overwrite each other's files."""
    SHOPS.mkdir(exist_ok=True)
    with (SHOPS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(arguments: list[str], env: dict[str, str]) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, check=True, stdout=sys.stderr)
