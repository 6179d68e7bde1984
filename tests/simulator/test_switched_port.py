"""A port that is switched from two sides at once opens once, on its number."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

import pytest

from simulator.bambu.switched_port import SwitchedPort
from simulator.quiet_port import quiet_port


async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def in_loop() -> Callable[..., None]:
    def run(scene: Callable[[SwitchedPort], object]) -> None:
        async def live() -> None:
            port = SwitchedPort(serve, "127.0.0.1", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            await scene(port)  # type: ignore[misc]
            port.close()

        asyncio.run(live())

    return run


def test_two_who_open_at_once_share_it(in_loop: Callable[..., None]) -> None:
    """As a printer's tick does while its power comes back."""

    async def scene(port: SwitchedPort) -> None:
        port.port = number = quiet_port("127.0.0.1")
        assert port.switch(True)
        await asyncio.gather(port.open(), port.open())
        assert port.port == number and listens(number)
        port.close()
        assert not listens(number)

    in_loop(scene)


def test_closed_while_it_opens_it_stays_closed(in_loop: Callable[..., None]) -> None:
    async def scene(port: SwitchedPort) -> None:
        port.port = number = quiet_port("127.0.0.1")
        opening = asyncio.create_task(port.open())
        await asyncio.sleep(0)
        port.close()
        await opening
        assert not listens(number)
        await port.open()
        assert listens(number)

    in_loop(scene)
