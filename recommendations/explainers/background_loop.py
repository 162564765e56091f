"""Event loop for one call, which closes every connection that the call opened."""

import asyncio
from typing import Any


class BackgroundLoop(asyncio.SelectorEventLoop):
    """Closes the connections that a cancelled library call leaves open, for example in a TLS handshake."""

    def __init__(self) -> None:
        super().__init__()
        self._opened: list[asyncio.WriteTransport] = []

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Return the transport and its protocol, and record the transport for `close`."""
        transport, protocol = await super().create_connection(*args, **kwargs)
        self._opened.append(transport)
        return transport, protocol

    def close(self) -> None:
        """Close every open connection, then the loop."""
        for transport in self._opened:
            transport.abort()
        self.run_until_complete(asyncio.sleep(0))
        super().close()
