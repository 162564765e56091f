"""An event loop for one call: whatever connections the call opened are closed with it."""

import asyncio
from typing import Any


class BackgroundLoop(asyncio.SelectorEventLoop):
    """Libraries close what they opened, but not all of it when they are cancelled, in a handshake for one."""

    def __init__(self) -> None:
        super().__init__()
        self._opened: list[asyncio.WriteTransport] = []

    async def create_connection(self, *args: Any, **kwargs: Any) -> Any:
        """Return the transport and its protocol, and remember the transport."""
        transport, protocol = await super().create_connection(*args, **kwargs)
        self._opened.append(transport)
        return transport, protocol

    def close(self) -> None:
        """Close every connection that is still open, then the loop."""
        for transport in self._opened:
            transport.abort()
        self.run_until_complete(asyncio.sleep(0))
        super().close()
