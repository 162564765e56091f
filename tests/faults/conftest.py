"""A shop on a real PostgreSQL, which the tests of one process share: each with events of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import new_database
from tests.faults.shops import filled
from tests.place import Place


@pytest.fixture(scope="session")
def shop(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The example shop."""
    folder: Path = tmp_path_factory.mktemp("faults")
    with new_database(postgresql_url, f"faults_{os.getpid()}") as url:
        yield filled(folder, url)
