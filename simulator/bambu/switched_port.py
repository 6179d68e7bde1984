"""A listening port that can be switched off, and on again under the same number."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable

from simulator.quiet_port import listen

logger = logging.getLogger(__name__)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class SwitchedPort:
    """Lives in the event loop's thread. Off, it refuses as if no such service were there."""

    def __init__(self, serve: Serve, address: str, context: ssl.SSLContext) -> None:
        self._serve = serve
        self._address = address
        self._context = context
        self._server: asyncio.Server | None = None
        self._wanted = False
        self._one_at_a_time = asyncio.Lock()
        self._opening: asyncio.Task[None] | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen; on the same port as before. Raises OSError."""
        self._wanted = True
        async with self._one_at_a_time:  # a printer's tick may switch while its power comes back
            if self._server is not None:
                return
            server = await listen(
                self._address,
                self.port,
                lambda port: asyncio.start_server(
                    self._serve, self._address, port, ssl=self._context
                ),
            )
            if not self._wanted:  # it took a moment
                server.close()
                return
            self._server = server
            self.port = server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Refuse; the connections there are go on."""
        self._wanted = False
        if self._server is not None:
            self._server.close()
            self._server = None

    def switch(self, on: bool) -> bool:
        """Be like this soon; True when something changes. A failure is tried again next time."""
        if on == self._wanted and (self._server is not None) == on:
            return False
        if not on:
            self.close()
        elif self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._try_to_open())
        return True

    async def _try_to_open(self) -> None:
        try:
            await self.open()
        except OSError as error:
            logger.warning("port %d cannot be opened again: %s", self.port, error)
