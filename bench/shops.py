"""Shops to measure on: generated once a size, imported once, kept in bench/shops/."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
SHOPS = HERE / "shops"
REAL = ROOT / "data" / "online_retail"


def environment(database: Path) -> dict[str, str]:
    """Return the environment of a process that works on this database and on nothing of the developer's."""
    return {
        **os.environ,
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "recsite.settings",
        "SECRET_KEY": "bench-only-" + "x" * 50,
        "DATABASE_URL": f"sqlite:///{database}",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "API_OPEN_READS": "true",
        "SECURE_SSL_REDIRECT": "false",
        "OPENAI_API_KEY": "",
    }


def generated(size: str) -> Path:
    """Return the database of the generated shop of size S, M or L, made and imported if it is not there."""
    folder = SHOPS / size
    if not (folder / "manifest.json").exists():
        _run([str(HERE / "make_shop.py"), "--size", size, "--out", str(folder)], dict(os.environ))
    return _imported(folder, folder / "shop.sqlite3")


def real() -> Path:
    """Return the database of the real shop, imported if it is not there."""
    SHOPS.mkdir(exist_ok=True)
    return _imported(REAL, SHOPS / "online_retail.sqlite3")


def _imported(folder: Path, database: Path) -> Path:
    if not database.exists():
        unfinished = database.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        _run(["manage.py", "migrate", "--verbosity", "0"], environment(unfinished))
        _run(["manage.py", "import_shop", str(folder)], environment(unfinished))
        unfinished.rename(database)
    return database


def _run(arguments: list[str], env: dict[str, str]) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, check=True, stdout=sys.stderr)
