"""Ports that nobody else is given while a printer is off."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from simulator import quiet_port
from simulator.quiet_port import FIRST, LAST

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_port_is_free_and_outside_of_the_outgoing_connections() -> None:
    ports = [quiet_port.quiet_port("127.0.0.1") for _ in range(50)]
    assert all(FIRST <= port <= LAST for port in ports)
    assert len(set(ports)) == 50  # also where none of them is opened
    if RANGE.exists():
        low, high = map(int, RANGE.read_text().split())
        assert low > LAST or high < FIRST
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", ports[-1]))


def test_farms_beside_each_other_have_ports_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(quiet_port.RANGE, "21000-21049")
    ports = [quiet_port.quiet_port("127.0.0.1") for _ in range(60)]
    assert set(ports[:40]) <= set(ports) <= set(range(21000, 21050))
    assert len(set(ports[:40])) == 40  # and begin anew where all were given


def test_a_taken_port_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(quiet_port.RANGE, raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        number = taken.getsockname()[1]
        monkeypatch.setattr(quiet_port, "FIRST", number)
        monkeypatch.setattr(quiet_port, "LAST", number)
        assert quiet_port.quiet_port("127.0.0.1") == 0


def test_a_neighbour_who_was_quicker_is_given_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes draw from one range: between the choice and the opening the other may come."""
    with socket.socket() as neighbour:
        neighbour.bind(("127.0.0.1", 0))
        neighbour.listen()
        taken = neighbour.getsockname()[1]
        choices = iter([taken, taken, 0])
        monkeypatch.setattr(quiet_port, "quiet_port", lambda address: next(choices))
        tried: list[int] = []

        async def start(port: int) -> asyncio.Server:
            tried.append(port)
            loop = asyncio.get_running_loop()
            return await loop.create_server(asyncio.Protocol, "127.0.0.1", port)

        async def check() -> None:
            server = await quiet_port.listen("127.0.0.1", 0, start)
            assert tried == [taken, taken, 0]
            assert server.sockets[0].getsockname()[1] != taken
            server.close()
            with pytest.raises(OSError, match="address already in use"):
                await quiet_port.listen("127.0.0.1", taken, start)  # one's own is not exchanged

        asyncio.run(check())
