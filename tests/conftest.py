"""What every test starts from: nothing kept in the process, and no network but loopback."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from recommendations import wiring

# How long an example takes depends on what else the machine does.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104  addresses to recognise, not to bind


def _only_loopback(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse to connect to any other machine."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise RuntimeError(f"A test reached for the network: {address[0]}")


sys.addaudithook(_only_loopback)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    wiring.forget()
    yield
    wiring.forget()
