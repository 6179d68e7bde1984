"""The relay between ffmpeg and an RTSP camera, both played by the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from cameras.frames import CameraFailed
from cameras.sources.rtsp.conversation import Conversation
from cameras.sources.rtsp.relay import Relay
from cameras.sources.sign_in import SignIn
from core.secret import Secret

REMOTE = "rtsps://10.0.0.5:322/streaming/live/1"
CHALLENGE = 'WWW-Authenticate: Digest realm="r", nonce="{}"'


class Stage:
    """One relay, the camera's end of it, and who knocks at its door."""

    def __init__(self, user: str = "bblp") -> None:
        inner, self.camera = socket.socketpair()
        self.camera.settimeout(5)
        self.leaving = threading.Event()
        sign_in = SignIn(user, Secret("canary-4711" if user else ""))
        self.relay = Relay(inner, lambda local: Conversation(local, REMOTE, sign_in, "refused"))
        self._thread = threading.Thread(target=self.relay.run, args=(self.leaving.is_set,))
        self._thread.start()

    def knock(self) -> socket.socket:
        host, port = self.relay.url.removeprefix("rtsp://").partition("/")[0].split(":")
        guest = socket.create_connection((host, int(port)), 5)
        guest.settimeout(5)
        return guest

    def enter(self) -> socket.socket:
        """As ffmpeg, with its first question on the way to the camera."""
        guest = self.knock()
        ask(guest, "OPTIONS", self.relay.url, 1)
        return guest

    def hear(self) -> str:
        """The next request at the camera."""
        return head(self.camera)

    def answer(self, number: int, status: str = "200 OK", *lines: str, body: bytes = b"") -> None:
        extra = "".join(f"{line}\r\n" for line in lines)
        text = f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
        self.camera.sendall(text.encode() + body)

    def end(self) -> CameraFailed | None:
        self._thread.join(5)
        assert not self._thread.is_alive()
        return self.relay.problem

    def close(self) -> None:
        self.leaving.set()
        self._thread.join(5)
        self.camera.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def ask(link: socket.socket, method: str, uri: str, number: int) -> None:
    link.sendall(f"{method} {uri} RTSP/1.0\r\nCSeq: {number}\r\n\r\n".encode())


def head(link: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        byte = link.recv(1)
        assert byte, "hung up"
        data += byte
    return data.decode()


def hung_up(link: socket.socket) -> bool:
    link.settimeout(5)
    with suppress(ConnectionResetError):
        while link.recv(4096):
            pass
    return True


def test_the_relay_signs_in_and_ffmpeg_never_knows(stage: Stage) -> None:
    with stage.enter() as guest:
        assert stage.hear() == f"OPTIONS {REMOTE} RTSP/1.0\r\nCSeq: 1\r\n\r\n"
        stage.answer(1)
        assert "CSeq: 1\r\n" in head(guest)
        ask(guest, "DESCRIBE", f"{stage.relay.url}", 2)
        assert "Authorization" not in stage.hear()
        stage.answer(2, "401 Unauthorized", CHALLENGE.format("one"))
        again = stage.hear()
        assert "CSeq: 3" in again and 'Authorization: Digest username="bblp"' in again
        assert f'uri="{REMOTE}"' in again and "canary" not in again
        stage.answer(3)
        assert "200 OK" in (seen := head(guest)) and "CSeq: 2\r\n" in seen
        ask(guest, "SETUP", f"{stage.relay.url}/trackID=1", 3)
        signed = stage.hear()
        assert signed.startswith(f"SETUP {REMOTE}/trackID=1 ") and "Digest" in signed


def test_bodies_and_interleaved_frames_pass_untouched(stage: Stage) -> None:
    frames = b"".join(b"$\x00\x05\x78" + bytes([n]) * 1400 for n in range(200))
    with stage.enter() as guest:
        stage.hear()
        stage.answer(1, body=b"v=0\r\n")
        head(guest)
        assert guest.recv(5, socket.MSG_WAITALL) == b"v=0\r\n"
        sender = threading.Thread(target=stage.camera.sendall, args=(frames,))
        sender.start()
        got = b""
        while len(got) < len(frames):
            got += guest.recv(65536)
        sender.join(5)
        assert got == frames
        guest.sendall(b"$\x01\x00\x02ok")
        assert stage.camera.recv(6, socket.MSG_WAITALL) == b"$\x01\x00\x02ok"


def test_a_slow_ffmpeg_slows_the_camera_and_fills_no_memory(stage: Stage) -> None:
    frame = b"$\x00\xff\xfb" + b"x" * 65_531
    with stage.enter() as guest:
        stage.hear()
        stage.answer(1)
        head(guest)
        stage.camera.settimeout(0.5)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 1_000:
                stage.camera.sendall(frame)
                sent += 1
        assert sent * len(frame) < 20_000_000
        guest.close()
    assert stage.end() is None


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([("401 Unauthorized", CHALLENGE.format("a")), ("401 No", CHALLENGE.format("b"))], "auth"),
        ([("401 Unauthorized", "WWW-Authenticate: Negotiate")], "auth"),
        ([("403 Forbidden", "")], "auth"),
        ([("404 Not Found", "")], "not_found"),
        ([("453 Not Enough Bandwidth", "")], "busy"),
        ([("301 Moved", "Location: rtsp://elsewhere/")], "redirected"),
        ([("500 Oops", "")], "server_error"),
    ],
)
def test_refusals_in_words(stage: Stage, answers: list[tuple[str, str]], code: str) -> None:
    with stage.enter() as guest:
        stage.hear()
        stage.answer(1)
        head(guest)
        ask(guest, "DESCRIBE", stage.relay.url, 2)
        for number, (status, line) in enumerate(answers, 2):
            stage.hear()
            stage.answer(number, status, *([line] if line else []))
        assert hung_up(guest)
    problem = stage.end()
    assert problem is not None and problem.error_code == code
    assert not problem.message.endswith(".")


def test_an_old_nonce_is_renewed_but_not_for_ever(stage: Stage) -> None:
    with stage.enter() as guest:
        for number in range(1, 5):
            stage.hear()
            stage.answer(number, "401 Unauthorized", CHALLENGE.format(number) + ", stale=true")
        assert hung_up(guest)
    problem = stage.end()
    assert problem is not None and problem.error_code == "auth"


def test_keep_alives_may_be_refused(stage: Stage) -> None:
    with stage.enter() as guest:
        stage.hear()
        stage.answer(1, "405 Method Not Allowed")
        assert "405" in head(guest)


def test_only_who_knows_the_address_gets_in(stage: Stage) -> None:
    local = stage.relay.url.rpartition("/")[0]
    for first in (
        f"OPTIONS {local}/guess RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "",
    ):
        with stage.knock() as stranger:
            if first:
                stranger.sendall(first.encode())
            else:
                stranger.shutdown(socket.SHUT_WR)
            assert hung_up(stranger)
    with stage.enter():
        assert stage.hear().startswith("OPTIONS rtsps://10.0.0.5")
        with pytest.raises(OSError):
            stage.knock()


def test_who_says_nothing_keeps_nobody_out(stage: Stage) -> None:
    silent = [stage.knock() for _ in range(20)]
    silent[-1].sendall(b"OPTIONS rtsp:")
    began = time.monotonic()
    with stage.enter():
        assert stage.hear().startswith("OPTIONS")
    assert time.monotonic() - began < 4.0, "not one after the other"
    for link in silent:
        link.close()


def test_the_camera_hangs_up(stage: Stage) -> None:
    with stage.enter() as guest:
        stage.hear()
        stage.camera.shutdown(socket.SHUT_RDWR)
        assert hung_up(guest)
    problem = stage.end()
    assert problem is not None and problem.error_code == "lost"


def test_a_camera_that_speaks_something_else(stage: Stage) -> None:
    with stage.enter() as guest:
        stage.hear()
        stage.camera.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert hung_up(guest)
    problem = stage.end()
    assert problem is not None and problem.error_code == "protocol"


@pytest.mark.parametrize("inside", [True, False])
def test_leaving_is_noticed(stage: Stage, inside: bool) -> None:
    guest = stage.enter() if inside else None
    started = time.monotonic()
    stage.leaving.set()
    assert stage.end() is None and time.monotonic() - started < 2
    if guest is not None:
        assert hung_up(guest)
        guest.close()
