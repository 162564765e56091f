"""The example shop on PostgreSQL and a complete deployment, both shared by the tests of one process."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from stack.deployment import Deployment, deployed, working_folder
from stack.processes import ServerNotFound, is_listening
from tests.conftest import new_database
from tests.place import Place
from tests.servers import skip_or_fail
from tests.stack.shops import filled

# What tests/settings.py and pytest-django set for this process alone.
OURS = (
    *("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "ENV_FILE", "SECRET_KEY", "ALLOWED_HOSTS"),
    "THROTTLE_RATES",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make stack-test` and `make soak`."""
    parser.addoption("--full", action="store_true", help="break a whole deployment, at full length")
    parser.addoption("--minutes", type=float, help="ask a whole deployment for so long: nothing may grow")
    parser.addoption("--rate", type=float, default=50.0, help="requests a second of --minutes (50)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests whose option is not given."""
    left_out = [mark for mark, option in (("full", "full"), ("soak", "minutes")) if not given(config, option)]
    unwanted = [item for item in items if any(item.get_closest_marker(mark) for mark in left_out)]
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if item not in unwanted]


def given(config: pytest.Config, option: str) -> Any:
    """Return an option; None if pytest was started from a parent folder, which does not define it."""
    return config.getoption(option, default=None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the ends of the logs with a failure, since the files are removed afterwards."""
    report = yield
    deployment = getattr(item, "funcargs", {}).get("deployment")
    if report.failed and isinstance(deployment, Deployment):
        report.sections += [(child.name, child.log_tail()) for child in deployment.children.values()]
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests recorded with record_property."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties if report.when == "call" else ():
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {name} {value}")


@pytest.fixture(scope="session")
def shop(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The example shop."""
    folder: Path = tmp_path_factory.mktemp("faults")
    with new_database(postgresql_url, f"faults_{os.getpid()}") as url:
        yield filled(folder, url)


@pytest.fixture(scope="session")
def web(shop: Place) -> Iterator[httpx2.Client]:
    """A client of a web server of the shop, with an API key."""
    with shop.served(key=shop.api_key) as client:
        yield client


def environment() -> dict[str, str]:
    """Return the environment without the variables that only this pytest process uses."""
    return {name: value for name, value in os.environ.items() if name not in OURS}


@pytest.fixture(scope="session")
def _deployment() -> Iterator[Deployment]:
    # Not pytest's own folder, which other accounts may not enter.
    with pytest.MonkeyPatch.context() as patch, working_folder() as folder:
        for name in OURS:
            patch.delenv(name, raising=False)
        try:
            with deployed(3, folder) as running:
                patch.undo()
                yield running
        except ServerNotFound as error:
            skip_or_fail(f"No deployment: {error}.")
        assert [child.name for child in running.children.values() if child.is_running()] == []
        assert [name for name, port in running.ports.items() if is_listening(port)] == []


@pytest.fixture
def deployment(_deployment: Deployment) -> Iterator[Deployment]:
    """A running phase 3. Parts that a test kills are started again after it."""
    yield _deployment
    for child in _deployment.exited():
        _deployment.start(child.name)
