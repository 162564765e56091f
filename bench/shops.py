"""Shops to measure on: generated once a size, imported once, kept in bench/shops/."""

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


# A file of SQLite's, or an address.
Database = Path | str


# No answer and no history is given twice: each is worked out from the database.
KEEPING_NOTHING = {"ANSWER_CACHE_MIB": "0"}


def environment(database: Database) -> dict[str, str]:
    """Return the environment of a process that works on this database and on nothing of the developer's."""
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
    """Return the files of the generated shop of size S, M, L or XL, made if they are not there."""
    files = SHOPS / size
    with _alone():
        if not (files / "manifest.json").exists():
            _run([str(HERE / "make_shop.py"), "--size", size, "--out", str(files)], dict(os.environ))
    return files


def manifest(size: str) -> dict[str, Any]:
    """Return what the generator says of that shop: how much of everything, and who has no history."""
    found: dict[str, Any] = json.loads((folder(size) / "manifest.json").read_text())
    return found


def generated(size: str) -> Path:
    """Return the database of the generated shop, made and imported if it is not there."""
    files = folder(size)
    return _imported(files, files / "shop.sqlite3")


def fill(size: str, database: Database) -> None:
    """The empty database holds the generated shop, in the tables of today's code."""
    _run(["manage.py", "migrate", "--verbosity", "0"], environment(database))
    _run(["manage.py", "import_shop", str(folder(size))], environment(database))


def real() -> Path:
    """Return the database of the real shop, imported if it is not there."""
    return _imported(REAL, SHOPS / "online_retail.sqlite3")


def copied(database: Path, name: str) -> Path:
    """Return a copy of the database that may be written to, made anew."""
    copy = database.with_name(f"{database.stem}-{name}.sqlite3")
    for former in copy.parent.glob(copy.name + "*"):
        former.unlink()
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _imported(files: Path, database: Path) -> Path:
    """Return the database, with the tables of today's code."""
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
    """Nobody else makes a shop meanwhile: two at once would spoil each other's files."""
    SHOPS.mkdir(exist_ok=True)
    with (SHOPS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(arguments: list[str], env: dict[str, str]) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, check=True, stdout=sys.stderr)
