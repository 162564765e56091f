"""The tests themselves stay on this machine."""

import socket

import pytest


class TestNetwork:
    def test_is_closed_beyond_loopback(self):
        with socket.socket() as reaching, pytest.raises(RuntimeError, match="reached for the network"):
            reaching.connect(("192.0.2.1", 80))
