"""Where the adapter says that a printer's video is, and what befalls whoever looks there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from printers.lan.dialer import Dialer
from tests.simulator.rtsp_client import RtspClient

PRINTERS = [("X1C", "idle")] * 5
WAIT_S = 5.0


@pytest.fixture
def look(farm: Any) -> Iterator[Callable[[Any], RtspClient]]:
    """Connect as the adapter's source says: its address, its pinned certificate, its code."""
    with contextlib.ExitStack() as stack:

        def connect(seat: Any) -> RtspClient:
            source = farm.fleet.camera(seat.id)
            assert source.kind == "rtsps" and source.user == "bblp"
            context = source.tls()
            sock = Dialer(source.host).open_tls(source.port, context)
            stack.callback(sock.close)
            sock.settimeout(WAIT_S)
            endpoint = farm.simulated.endpoints[seat.id]
            return RtspClient(sock, endpoint, source.secret.reveal())

        yield connect


@pytest.mark.fault("camera_fps")
def test_the_way_to_the_picture_is_right(farm: Any, look: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(camera_fps=20.0)
    client = look(seat)
    assert client.play().status == 200
    assert client.picture() and client.picture()


@pytest.mark.fault("rtsp_stall")
def test_a_server_that_freezes_keeps_the_connection(farm: Any, look: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(camera_fps=20.0)
    client = look(seat)
    client.play()
    seat.sim.set(rtsp_stall=True)
    client.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        while True:
            client.picture()
    assert seat.panel()["state"] == "ready", "a camera is no reason to stop the farm"
    seat.sim.set(rtsp_stall=False)
    client.sock.settimeout(WAIT_S)
    assert client.picture()


@pytest.mark.fault("rtsp_refuse")
def test_a_server_that_is_busy_says_503(farm: Any, look: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(rtsp_refuse=True)
    assert look(seat).signed("DESCRIBE").status == 503
    assert seat.panel()["state"] == "ready"
    seat.sim.set(rtsp_refuse=False)
    assert look(seat).signed("DESCRIBE").status == 200


@pytest.mark.fault("rtsp_drop")
def test_a_connection_that_breaks_within_a_picture(farm: Any, look: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(camera_fps=20.0, rtsp_drop=2)
    client = look(seat)
    client.play()
    assert client.picture()
    with pytest.raises((EOFError, OSError)):
        client.picture()
    assert seat.panel()["state"] == "ready"


@pytest.mark.fault("rtsp_loss")
def test_packets_that_never_come(farm: Any, look: Any) -> None:
    seat = farm.take("X1C")
    seat.sim.set(camera_fps=20.0, rtsp_loss=3)
    client = look(seat)
    client.play()
    while len(client.packets) < 6:
        client._take_packet()
    steps = client.packets[-1].sequence - client.packets[0].sequence
    assert steps % 65536 > 5
