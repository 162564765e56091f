"""Start the web server: `make run`, or `python -m recsite.serve`."""

import errno
import io
import ipaddress
import os
import socket
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from observe.metrics_folder import MetricsFolderError, metrics_folder
from recsite.checks import database_is_of_this_version
from recsite.config.address import url
from recsite.config.env import ROOT, Environment, set_variable
from recsite.database_errors import explained


class CannotServe(Exception):
    """The server cannot start. The message says why."""


def main() -> None:
    """Replace this process by the web server. Exit with 1 and one message if it cannot start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")
    try:
        django.setup()
        from django.conf import settings  # noqa: PLC0415  they can be read now

        env: Environment = settings.ENV
        address = listening_address(env)
        call_command("check", stdout=io.StringIO())
        check_migrations()
        share_metrics(env)
    except (ImproperlyConfigured, CommandError, CannotServe) as error:
        sys.exit(f"The server does not start. {error}")
    sys.stdout.write(f"Serving {url(address, env.port)}/ with the admin at /admin/. Ctrl-C stops it.\n")
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "recsite.server", address])  # noqa: S606  without a shell


def listening_address(env: Environment) -> str:
    """Return the IP address of HOST. Raises CannotServe if the server cannot or must not listen there."""
    try:
        found = socket.getaddrinfo(env.host.strip("[]"), env.port, type=socket.SOCK_STREAM)
        family, kind, _, _, place = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise CannotServe(
                f"Port {env.port} is in use. Choose another: make run PORT={env.port % 65_535 + 1}"
            ) from None
        raise CannotServe(f"Cannot listen on HOST={env.host} PORT={env.port}: {error}.") from None
    address = str(place[0])
    if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
        for name, is_on, effect in (
            ("API_OPEN_READS", env.api_open_reads, "lets anyone read the API"),
            ("DEBUG", env.debug, "shows settings and code, and allows weak keys"),
        ):
            if is_on:
                raise CannotServe(
                    f"{name}=true {effect}, and HOST={env.host} accepts other machines. "
                    f"Set HOST=127.0.0.1, or {name}=false."
                )
    return address


def share_metrics(env: Environment) -> None:
    """Prepare the folder in which the workers of this server share their metrics. Raises CannotServe."""
    if not env.metrics:
        return
    try:
        set_variable("PROMETHEUS_MULTIPROC_DIR", str(metrics_folder(env.metrics_dir, env.port)))
    except MetricsFolderError as error:
        raise CannotServe(
            f"{error} Name another one in PROMETHEUS_MULTIPROC_DIR, or set METRICS=false."
        ) from None


def check_migrations() -> None:
    """Raise CannotServe unless all migrations are applied."""
    try:
        executor = MigrationExecutor(connections["default"])
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        errors = database_is_of_this_version(None, ["default"]) if missing else []
    except DatabaseError as error:
        raise CannotServe(explained(error)) from None
    finally:
        connections.close_all()
    if errors:
        raise CannotServe(f"{errors[0].msg} {errors[0].hint}")
    if missing:
        raise CannotServe(
            f"{len(missing)} migrations are not applied: run `{sys.executable} manage.py migrate`."
        )


if __name__ == "__main__":
    main()
