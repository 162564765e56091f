"""SQLite databases for processes that tests start: made once for all processes of a run, and copied."""

import fcntl
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.place import Place, environment

SCOPES = (
    *("catalog:read", "catalog:write", "events:write", "recommend:read"),
    *("users:read", "users:write", "tokens:issue"),
)
# Fills a database, and prints an API key. One process, since each costs seconds.
FILL = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("import_shop", "data/example_shop", verbosity=0)
call_command("apikey", "make", "tests", "--scope", *{SCOPES})
"""
# The same, with a copy of it before and after.
FILL_AND_COPY = f"""
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
connection.cursor().execute("VACUUM INTO '{{folder}}/migrated'")
{FILL}
connection.cursor().execute("VACUUM INTO '{{folder}}/shop'")
"""


ACCOUNT = """
INSERT INTO access_account
    (username, password, first_name, last_name, email, is_active, is_staff, is_superuser, date_joined)
VALUES (?, ?, '', '', '', 1, 1, 1, '2026-01-01 00:00:00')
"""


def add_superuser(database: Path, name: str, password: str) -> None:
    """Store an account that may do everything in a SQLite database."""
    with closing(sqlite3.connect(database)) as opened:
        opened.execute(ACCOUNT, [name, PBKDF2PasswordHasher().encode(password, "salt")])
        opened.commit()


@dataclass(frozen=True, slots=True)
class DatabaseFiles:
    """The folder of the databases, which all processes of a run share."""

    folder: Path

    def migrated(self, path: Path) -> Path:
        """Return the path of a new database with every table and no rows."""
        return self._copied("migrated", path)

    def shop(self, path: Path) -> Path:
        """Return the path of a new database with the example shop."""
        return self._copied("shop", path)

    @property
    def key(self) -> str:
        """An API key of the example shop, with the scopes of a shop's own systems."""
        self._make()
        return (self.folder / "key").read_text()

    def _copied(self, name: str, path: Path) -> Path:
        self._make()
        shutil.copyfile(self.folder / name, path)
        path.chmod(0o600)
        return path

    def _make(self) -> None:
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.folder / "key").exists():
                place = Place(self.folder, environment(f"sqlite:///{self.folder / 'first'}", ""))
                output = place.manage("shell", "--no-imports", "-c", FILL_AND_COPY.format(folder=self.folder))
                (self.folder / "key").write_text(output.strip())
