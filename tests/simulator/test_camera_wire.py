"""The JPEG camera of P1/A1 printers on the wire (bambu-lan A12.1, B4)."""

from __future__ import annotations

import io
import ssl
import struct
import time

import pytest
from PIL import Image


def login(code: str, user: str = "bblp") -> bytes:
    head = struct.pack("<4I", 0x40, 0x3000, 0, 0)
    return head + user.encode().ljust(32, b"\0") + code.encode().ljust(32, b"\0")


def read_exactly(sock: ssl.SSLSocket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def read_frame(sock: ssl.SSLSocket) -> bytes:
    size, track, flags, zero = struct.unpack("<4I", read_exactly(sock, 16))
    assert (track, flags, zero) == (0, 1, 0)
    return read_exactly(sock, size)


def is_closed(sock: ssl.SSLSocket) -> bool:
    try:
        return sock.recv(1) == b""
    except (ConnectionResetError, ssl.SSLError):
        return True


@pytest.fixture
def viewer(tls_socket):
    def connect(farm, printer_id="p0", code=""):
        endpoint = farm.endpoints[printer_id]
        sock = tls_socket(endpoint.host, endpoint.camera_port)
        sock.sendall(login(code or endpoint.access_code))
        return sock

    return connect


def test_frames_are_jpegs_of_1280_by_720(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_fps=20.0)
    sock = viewer(farm)
    for _ in range(2):
        frame = read_frame(sock)
        assert frame[:2] == b"\xff\xd8" and frame[-2:] == b"\xff\xd9"
        assert Image.open(io.BytesIO(frame)).size == (1280, 720)


def test_the_rhythm_follows_the_knob(simulated_farm, viewer):
    farm = simulated_farm("A1 mini")
    farm.printer("p0").set(camera_fps=5.0)
    sock = viewer(farm)
    read_frame(sock)
    begin = time.monotonic()
    for _ in range(5):  # on a busy machine one or two may lie ready
        read_frame(sock)
    assert 0.5 < time.monotonic() - begin < 10


@pytest.mark.parametrize("code", ["wrong", "x" * 32])
def test_a_wrong_code_is_closed_with_0_bytes(simulated_farm, viewer, code):
    assert is_closed(viewer(simulated_farm("P1S"), code=code))


def test_a_wrong_head_is_closed_too(simulated_farm, tls_socket):
    endpoint = simulated_farm("P1S").endpoints["p0"]
    sock = tls_socket(endpoint.host, endpoint.camera_port)
    sock.sendall(b"\x41" + login(endpoint.access_code)[1:])
    assert is_closed(sock)


def test_models_with_rtsp_have_no_such_port(simulated_farm):
    farm = simulated_farm("X1C", "H2D", "P2S")
    assert [e.camera_port for e in farm.endpoints.values()] == [0, 0, 0]


def test_a_second_viewer_is_refused(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_fps=20.0)
    first = viewer(farm)
    read_frame(first)
    assert is_closed(viewer(farm))
    assert read_frame(first)


def test_a_second_viewer_can_throw_the_first_one_out(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_fps=20.0, camera_second_client="kick")
    first = viewer(farm)
    read_frame(first)
    second = viewer(farm)
    assert read_frame(second)
    with pytest.raises((EOFError, OSError)):
        while True:
            read_frame(first)
    assert read_frame(second)


def test_the_place_is_free_again_when_a_viewer_leaves(simulated_farm, viewer, eventually):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_fps=20.0)
    first = viewer(farm)
    read_frame(first)
    first.close()

    def admitted() -> bool:
        try:
            return bool(read_frame(viewer(farm)))
        except (EOFError, OSError):
            return False

    eventually(admitted)


def test_header_and_picture_come_in_separate_records_or_in_one(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    separate = viewer(farm)
    assert len(separate.recv(16384)) == 16
    farm.printer("p0").set(camera_single_record=True, camera_second_client="kick")
    joined = viewer(farm)
    assert len(joined.recv(16384)) > 16


def test_partial_frames_still_add_up(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_partial_frames=True)
    sock = viewer(farm)
    head = sock.recv(16384)
    assert len(head) == 5
    size = int.from_bytes(head[:4], "little")
    read_exactly(sock, 11)
    first = sock.recv(16384)
    assert len(first) == 700 < size
    frame = first + read_exactly(sock, size - 700)
    assert frame[:2] == b"\xff\xd8" and frame[-2:] == b"\xff\xd9"


def test_empty_frames(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_zero_frame=True, camera_fps=20.0)
    sock = viewer(farm)
    sizes = [len(read_frame(sock)) for _ in range(4)]
    assert sizes[0] == sizes[2] == 0
    assert sizes[1] > 1000 and sizes[3] > 1000


def test_garbage_before_the_picture(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_garbage_before_soi=True)
    frame = read_frame(viewer(farm))
    assert not frame.startswith(b"\xff\xd8")
    assert b"\xff\xd8\xff" in frame[:32]


def test_a_stalled_camera_accepts_and_says_nothing(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_stall=True)
    sock = viewer(farm)
    sock.settimeout(0.4)
    with pytest.raises(TimeoutError):
        sock.recv(1)
    farm.printer("p0").set(camera_stall=False)
    sock.settimeout(5)
    assert read_frame(sock)


def test_a_camera_that_is_off_closes_at_once(simulated_farm, viewer):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_off=True)
    assert is_closed(viewer(farm))


def test_drawing_does_not_hold_up_the_reports(simulated_farm, viewer, probe):
    farm = simulated_farm("P1S")
    farm.printer("p0").set(camera_fps=50.0)
    sock = viewer(farm)
    read_frame(sock)
    client = probe(farm.endpoints["p0"]).online()
    begin = time.monotonic()
    for _ in range(5):
        client.ask("info", command="get_version")
        client.answer("info", "get_version")
    assert time.monotonic() - begin < 1
