"""Starts the web server: `make run`, or `python -m recsite.serve`."""

import errno
import io
import ipaddress
import math
import os
import socket
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from observe.metrics_folder import MetricsFolderError, metrics_folder, prepare
from recsite.checks import the_database_is_of_this_version
from recsite.config.address import url
from recsite.config.env import ROOT, Environment, hand_on
from recsite.database_errors import explained


class CannotServe(Exception):
    """Why the server does not start, for whoever started it."""


def main() -> None:
    """Become the web server. Exits with 1 and one message if it could not answer anybody."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")
    try:
        django.setup()
        from django.conf import settings  # noqa: PLC0415  they can be read from here on

        env: Environment = settings.ENV
        address = listening_address(env)
        call_command("check", stdout=io.StringIO())
        refuse_unmigrated()
        count_together(env)
    except (ImproperlyConfigured, CommandError, CannotServe) as error:
        sys.exit(f"The server does not start. {error}")
    sys.stdout.write(f"Serving {url(address, env.port)}/ with the admin at /admin/. Ctrl-C stops it.\n")
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, *granian(env, address)])  # noqa: S606  no shell is wanted


def granian(env: Environment, address: str) -> list[str]:
    """Return Python's arguments that serve the project."""
    # On its way out a worker may finish what it is doing, the longest explanation included.
    seconds_to_finish = math.ceil(env.openai_timeout_seconds) + 5
    return [
        *("-m", "granian", "--interface", "wsgi", "--no-ws"),
        *("--host", address, "--port", str(env.port)),
        *("--workers", str(env.web_workers), "--blocking-threads", str(env.web_threads)),
        # A thread keeps its database connection for as long as it lives.
        *("--blocking-threads-idle-timeout", "600"),
        *("--respawn-failed-workers", "--workers-kill-timeout", str(min(seconds_to_finish, 1800))),
        # Errors only: the rest is on every start the same, and warns of threads that only wait for a model.
        *("--no-access-log", "--log-level", "error"),
        "recsite.wsgi:application",
    ]


def listening_address(env: Environment) -> str:
    """Return HOST as an address. Raises CannotServe if it, or PORT, cannot be listened on, or may not be."""
    try:
        found = socket.getaddrinfo(env.host.strip("[]"), env.port, type=socket.SOCK_STREAM)
        family, kind, _, _, place = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise CannotServe(
                f"Port {env.port} is in use already; another one: make run PORT={env.port % 65_535 + 1}"
            ) from None
        raise CannotServe(f"HOST={env.host} PORT={env.port} cannot be listened on: {error}.") from None
    address = str(place[0])
    if env.api_open_reads and not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        raise CannotServe(
            f"API_OPEN_READS=true lets anybody read the API, and HOST={env.host} lets other machines in. "
            f"Set HOST=127.0.0.1, or API_OPEN_READS=false."
        )
    return address


def count_together(env: Environment) -> None:
    """All workers count in one directory, which is this server's own. Raises CannotServe."""
    if not env.metrics:
        return
    try:
        hand_on("PROMETHEUS_MULTIPROC_DIR", str(prepare(metrics_folder(env.metrics_dir, env.port))))
    except MetricsFolderError as error:
        raise CannotServe(
            f"{error} Name another one: PROMETHEUS_MULTIPROC_DIR=…, or set METRICS=false."
        ) from None


def refuse_unmigrated() -> None:
    """Do nothing if the database has the tables that the code expects. Raises CannotServe."""
    try:
        executor = MigrationExecutor(connections["default"])
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        unfit = the_database_is_of_this_version(None, ["default"]) if missing else []
    except DatabaseError as error:
        raise CannotServe(explained(error)) from None
    finally:
        connections.close_all()
    if unfit:
        raise CannotServe(f"{unfit[0].msg} {unfit[0].hint}")
    if missing:
        raise CannotServe(
            f"The database lacks {len(missing)} migrations: run `{sys.executable} manage.py migrate`."
        )


if __name__ == "__main__":
    main()
