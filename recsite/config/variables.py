"""Strict parsing of environment variables. Errors name the variable and never show its value."""

import math
import re
import warnings
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

BOOLEANS = {
    "true": True,
    "on": True,
    "yes": True,
    "1": True,
    "false": False,
    "off": False,
    "no": False,
    "0": False,
}
KINDS = {bool: "true or false", int: "a whole number", float: "a number"}
LINE = re.compile(r"(?:export )?[A-Za-z_0-9]+=.*")
# Variables of other programs that may stand in the same file: of compose.yaml, `make stack`, Python.
OTHERS = frozenset(
    [
        "GATEWAY_ADDRESS",
        "GATEWAY_PORT",
        "PIDS",
        "POSTGRESQL_MEMORY",
        "REDIS_PASSWORD",
        "VERSION",
        "WEB_MEMORY",
        "WORKER_MEMORY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
        "PATH",
        "TZ",
        "UMASK",
    ]
)
OTHERS_BEGIN = ("COMPOSE_", "DJANGO_", "GRANIAN_", "OTEL_", "PG", "POSTGRES_", "PYTHON", "SSL_", "STACK_")


class Variables(environ.Env):
    """Variables to parse. An empty one counts as not set, and a leading $ has no special meaning.

    names: of the variables that were asked for
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.ENVIRON = {name: value for name, value in values.items() if value}

    def get_value(self, var: str, cast: Any = None, default: Any = None, parse_default: bool = False) -> Any:
        """Return the parsed variable, or the default. Raises ImproperlyConfigured naming the variable."""
        self.names.add(var)
        if var not in self.ENVIRON:
            return default
        try:
            return self.parse_value(self.ENVIRON[var], cast)
        except (ValueError, KeyError):
            raise ImproperlyConfigured(f"{var} must be {KINDS[cast]}.") from None

    @classmethod
    def parse_value(cls, value: str, cast: Any) -> Any:
        """Return the text as that type. A list is split at commas, without spaces around its items."""
        if cast is bool:
            return BOOLEANS[value.strip().lower()]
        if cast is list:
            return [part.strip() for part in value.split(",") if part.strip()]
        if cast is float and not math.isfinite(float(value)):
            raise ValueError
        return cast(value) if cast else value

    def db_url(self, var: str, default: str, engine: str | None = None) -> dict[str, Any]:
        """Return Django's settings of the database. Raises ImproperlyConfigured naming the variable."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                database: dict[str, Any] = super().db_url(var, default=default, engine=engine)
            except (ValueError, UserWarning):
                database = {}
        self.names.add(var)
        # A comment after the URL would become part of the database's name.
        is_commented = re.search(r"[\s#]", self.ENVIRON.get(var, ""))
        if is_commented or database.get("ENGINE") not in self.DB_SCHEMES.values():
            raise ImproperlyConfigured(
                f"{var} must look like postgres://user:password@host:5432/name or "
                f"sqlite:////an/absolute/path.sqlite3, with spaces, # and other special characters "
                f"percent-encoded, and without a comment after it."
            )
        return database


def read_file(path: Path) -> dict[str, str]:
    """Return the variables that the file sets. Raises ImproperlyConfigured naming an invalid line."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {type(error).__name__}.") from None
    for number, line in enumerate(lines, start=1):
        if line and not line.startswith("#") and not LINE.fullmatch(line):
            raise ImproperlyConfigured(f"{path}, line {number}: expected NAME=value.")

    class File(environ.Env):
        ENVIRON: dict[str, str] = {}

    File.read_env(StringIO("\n".join(lines)))
    return File.ENVIRON


def unknown(found: Collection[str], read: Collection[str]) -> dict[str, str]:
    """Return the names that nothing reads, each with the nearest name that is read, "" for none.

    read: the names that the service reads
    """
    known = {*read, *OTHERS}
    nearest = {
        name: get_close_matches(name.upper(), sorted(known), n=1)
        for name in found
        if name not in known and not name.startswith(OTHERS_BEGIN)
    }
    return {name: "".join(matches) for name, matches in sorted(nearest.items())}
