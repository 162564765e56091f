"""The parts of the web server that need no process: its sockets, and the pauses of its workers."""

import socket
import subprocess
import sys

import pytest
from granian.net import SocketSpec

from recsite import server
from recsite.server import MAX_UNREAD_BYTES, SECONDS_TO_READ, next_pause


class TestListeningSocket:
    @pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Only Linux ends connections so.")
    def test_ends_connections_whose_clients_do_not_read(self):
        _, holder = server._limited((SocketSpec("127.0.0.1", 0, 16), None))

        with socket.socket(fileno=holder.get_fd()) as listening:
            listening.listen()
            with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
                milliseconds = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                unread = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)

        assert milliseconds == SECONDS_TO_READ * 1000
        assert unread == 2 * MAX_UNREAD_BYTES


class TestMaxConnections:
    def test_leaves_files_for_other_purposes(self):
        assert 64 <= server.max_connections() <= server.MAX_CONNECTIONS


class TestNextPause:
    def test_doubles_while_a_worker_dies_young(self):
        pauses = [0.0]
        for _ in range(8):
            pauses.append(next_pause(1.0, pauses[-1]))

        assert pauses[1:] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]

    def test_is_short_again_after_a_long_life(self):
        assert next_pause(60.0, 30.0) == 0.5


class TestPreload:
    def test_leaves_no_connection_to_be_shared_by_workers(self):
        code = """
import sys
from django.db import connections
from recsite import server
server.preload()
print([each.connection for each in connections.all()], "recommendations.wiring" in sys.modules)
"""
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert ran.stdout.split("\n")[-2] == "[None] True"
