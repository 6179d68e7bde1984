"""The parts of the RTSP server that need no socket: requests, packets, which ffmpeg."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import ffmpeg
from simulator.bambu.rtsp.messages import BadRequest, Request, read_request
from simulator.bambu.rtsp.packets import (
    MAX_PAYLOAD,
    Packetizer,
    ParameterSets,
    Picture,
    split_units,
)
from tests.simulator.rtsp_client import Packet, units_of

UNITS = st.lists(st.binary(min_size=2, max_size=6000).map(lambda b: b"\x65" + b), min_size=1)


def read(*pieces: bytes) -> Request | None:
    """What the reader makes of bytes that arrive in these pieces, and then no more."""

    async def work() -> Request | None:
        reader = asyncio.StreamReader()
        task = asyncio.create_task(read_request(reader))
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()
        return await task

    return asyncio.run(work())


@given(units=UNITS)
def test_packets_give_back_the_units_whatever_their_size(units: list[bytes]) -> None:
    raw = list(Packetizer().packets(Picture(tuple(units), 12.5)))
    assert max(len(packet) for packet in raw) <= MAX_PAYLOAD + 12
    assert [bool(packet[1] & 0x80) for packet in raw] == [False] * (len(raw) - 1) + [True]
    packets = [Packet(0, 0, False, packet[12:]) for packet in raw]
    assert units_of(packets) == units


@given(units=UNITS)
def test_units_are_split_by_their_lengths(units: list[bytes]) -> None:
    content = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    assert split_units(content) == tuple(units)
    assert split_units(content[:-1])[:-1] == tuple(units[:-1]), "a cut end costs only itself"


def test_parameter_sets_of_a_record() -> None:
    record = b"\x01\x42\xc0\x1f\xff\xe1\x00\x04\x67abc\x01\x00\x02\x68d"
    assert ParameterSets.of_record(record) == ParameterSets(b"\x67abc", b"\x68d")


REQUEST = b"SETUP rtsps://h:1/streaming/live/1/ RTSP/1.0\r\nCSeq: 3\r\ntransport:  x\r\n\r\n"


@pytest.mark.parametrize("cut", range(len(REQUEST)))
def test_a_request_may_arrive_in_any_two_pieces(cut: int) -> None:
    request = read(REQUEST[:cut], REQUEST[cut:])
    assert request is not None
    assert (request.method, request.path) == ("SETUP", "streaming/live/1")
    assert request.headers == {"cseq": "3", "transport": "x"}


def test_reports_of_a_player_and_empty_lines_are_passed_over() -> None:
    report = b"$\x01\x00\x03abc"
    request = read(report, b"\r\n", report[:2], report[2:] + REQUEST)
    assert request is not None and request.method == "SETUP"
    assert read(report) is None


@given(noise=st.binary(max_size=400))
def test_noise_is_refused_or_ends(noise: bytes) -> None:
    try:
        request = read(noise)
    except (BadRequest, asyncio.IncompleteReadError):
        return
    assert request is None or noise.count(b"RTSP/")


@pytest.mark.parametrize(
    ("exe", "found"), [(lambda: "/x/ffmpeg", "/x/ffmpeg"), (None, None)], ids=["carried", "none"]
)
def test_the_ffmpeg_of_pypi_is_the_second_choice(
    monkeypatch: pytest.MonkeyPatch, exe: Callable[[], str] | None, found: str | None
) -> None:
    def missing() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    package = types.ModuleType("imageio_ffmpeg")
    package.get_ffmpeg_exe = exe or missing  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", package)
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda name: None)
    assert ffmpeg.find_ffmpeg.__wrapped__() == found


def test_the_systems_ffmpeg_is_the_first_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert ffmpeg.find_ffmpeg.__wrapped__() == "/usr/bin/ffmpeg"


def test_without_the_package_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    assert ffmpeg.find_ffmpeg.__wrapped__() is None
