"""What every test starts from."""

from collections.abc import Iterator

import pytest

from recommendations import wiring


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    wiring.forget()
    yield
    wiring.forget()
