"""A TCP proxy on loopback that can fall silent: connections stay open, and nothing comes through."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class SilentProxy:
    """Forwards to a port of this machine, except while it is silent. Use it as a context manager."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._speaks = threading.Event()
        self._speaks.set()
        self._ends: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="silent proxy", daemon=True)

    def __enter__(self) -> "SilentProxy":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopped = True
        self._speaks.set()
        self._thread.join()
        for end in [self._listener, *self._ends]:
            end.close()
        self._selector.close()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Forward nothing meanwhile."""
        self._speaks.clear()
        try:
            yield
        finally:
            self._speaks.set()

    def _run(self) -> None:
        while not self._stopped:
            self._speaks.wait()
            for key, _ in self._selector.select(0.02):
                if not self._speaks.is_set():
                    break
                assert isinstance(key.fileobj, socket.socket)
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._forward(key.fileobj)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        self._ends |= {client: server, server: client}
        for end in (client, server):
            self._selector.register(end, selectors.EVENT_READ)

    def _forward(self, end: socket.socket) -> None:
        if end not in self._ends:
            return
        data = b""
        with suppress(OSError):
            data = end.recv(65_536)
            self._ends[end].sendall(data)
        if not data:
            for closed in (self._ends.pop(end), end):
                self._ends.pop(closed, None)
                self._selector.unregister(closed)
                closed.close()
