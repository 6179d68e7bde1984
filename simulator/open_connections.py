"""The connections that a stream server has open, so that they can be cut and waited for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

logger = logging.getLogger(__name__)


class OpenConnections:
    """Used by each handler of asyncio.start_server around its work."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @contextlib.contextmanager
    def handling(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        """Everything that can end a connection ends here; the writer is closed."""
        self._open[writer] = asyncio.current_task()
        try:
            yield
        except (OSError, EOFError, ValueError) as error:  # TimeoutError is an OSError
            logger.debug("%s: connection ends: %r", self._what, error)
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()  # cut on purpose; the handler's task ends here, quietly
        except Exception:  # the barrier: one connection must not take others along
            logger.exception("%s: connection failed", self._what)
            writer.transport.abort()
        finally:
            del self._open[writer]
            writer.close()

    def drop_all(self) -> None:
        """Reset all connections now."""
        for writer, task in list(self._open.items()):
            writer.transport.abort()
            if task is not None:
                task.cancel()

    async def wait_closed(self) -> None:
        """Return when every handler has ended."""
        tasks = [task for task in self._open.values() if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
