"""The hub against the simulated printers' own camera servers, faults included."""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from cameras.ffmpeg_program import FfmpegFinder
from cameras.hub import CameraHub
from cameras.sources.readers import readers_with
from cameras.worker import Timing
from core.clock import SystemClock
from core.secret import Secret
from printers.base import CameraSource

farm_module: Any = pytest.importorskip("simulator.farm", exc_type=ImportError)
specs: Any = pytest.importorskip("simulator.specs", exc_type=ImportError)


@pytest.fixture(scope="module")
def farm() -> Iterator[Any]:
    with farm_module.SimulatedFarm([specs.make_spec("p1s", "P1S", "P1S", 1)]) as simulated:
        yield simulated


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {"camera_single_record": True},
        {"camera_partial_frames": True},
        {"camera_zero_frame": True},
        {"camera_garbage_before_soi": True},
    ],
)
def test_pictures_of_a_simulated_p1s(farm: Any, knobs: dict[str, bool]) -> None:
    endpoint = farm.endpoints["p1s"]
    source = CameraSource(
        kind="bambu_jpeg",
        host=endpoint.host,
        port=endpoint.camera_port,
        user="bblp",
        secret=Secret(endpoint.access_code),
        tls=_context,
    )
    clear = dict.fromkeys(knobs, False)
    farm.printer("p1s").set(camera_fps=20.0, **knobs)
    hub = CameraHub(lambda printer_id: source, SystemClock(), timing=Timing(first_retry_s=0.1))
    try:
        first = hub.wait_frame("p1s", 0, 10.0)
        assert first is not None, hub.status("p1s").text
        second = hub.wait_frame("p1s", first.seq, 10.0)
        assert second is not None and second.seq > first.seq
        with Image.open(io.BytesIO(second.jpeg)) as picture:
            assert picture.size == (1280, 720)
    finally:
        hub.stop()
        farm.printer("p1s").set(**clear)


def test_the_video_of_a_simulated_x1c() -> None:
    """Its own RTSPS server, digest and certificate; through the real ffmpeg."""
    spec = specs.make_spec("x1c", "X1C", "X1C", 1)
    with farm_module.SimulatedFarm([spec]) as simulated:
        endpoint = simulated.endpoints["x1c"]
        source = CameraSource(
            kind="rtsps",
            host=endpoint.host,
            port=endpoint.rtsp_port,
            user="bblp",
            secret=Secret(endpoint.access_code),
            tls=_context,
        )
        simulated.printer("x1c").set(camera_fps=10.0)
        readers = readers_with(FfmpegFinder())
        hub = CameraHub(lambda printer_id: source, SystemClock(), readers=readers)
        try:
            seq = 0
            for _ in range(3):
                frame = hub.wait_frame("x1c", seq, 30.0)
                assert frame is not None, hub.status("x1c").text
                seq = frame.seq
                with Image.open(io.BytesIO(frame.jpeg)) as picture:
                    assert picture.size == (1280, 720)
        finally:
            hub.stop()
