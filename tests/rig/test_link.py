"""The way to the farm: pinned certificates, refusals, back-off."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import websocket

from rig.dial import Refused, Unreachable, dial, hang_up
from rig.link import Backoff
from rig.secret import Secret
from rig.settings import Settings
from simulator.certificates import CertificateAuthority, server_context


class Answer:
    """A server that answers each request's head with fixed bytes and remembers what came."""

    def __init__(self, answer: bytes, context: ssl.SSLContext | None = None) -> None:
        self._answer, self._context = answer, context
        self.heard = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return  # closed
            link.settimeout(5)
            try:
                with self._context.wrap_socket(link, True) if self._context else link as stream:
                    while b"\r\n\r\n" not in self.heard and (data := stream.recv(4096)):
                        self.heard += data
                    stream.sendall(self._answer)
            except OSError:
                continue  # the rig hung up, as it should

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


def settings(port: int, scheme: str = "http", tls: str = "system") -> Settings:
    return Settings(
        server=f"{scheme}://127.0.0.1:{port}", rig="r", token=Secret("canary-of-the-rig"), tls=tls
    )


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """A server's context and the sha256 of its certificate."""
    identity = CertificateAuthority(tmp_path).identity("127.0.0.1")
    return server_context(identity), identity.sha256


@pytest.fixture
def secure(certificate: tuple[ssl.SSLContext, str]) -> Iterator[Answer]:
    answer = Answer(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", certificate[0])
    yield answer
    answer.close()


def test_the_pinned_certificate_gets_the_token(
    secure: Answer, certificate: tuple[ssl.SSLContext, str]
) -> None:
    with pytest.raises(Refused, match="does not accept the token"):
        dial(settings(secure.port, "https", f"sha256:{certificate[1]}"))
    assert b"Authorization: Bearer canary-of-the-rig" in secure.heard
    assert secure.heard.startswith(b"GET /ws/rig/r HTTP/1.1") and b"Origin" not in secure.heard


@pytest.mark.parametrize("tls", [f"sha256:{'0' * 64}", "system"])
def test_any_other_certificate_gets_nothing(secure: Answer, tls: str) -> None:
    with pytest.raises(Unreachable, match="certificate"):
        dial(settings(secure.port, "https", tls))
    assert secure.heard == b""


@pytest.mark.parametrize(
    ("status", "words"), [("429 Slow", "wants a pause"), ("503 Full", "refuses this rig")]
)
def test_refusals_in_words(status: str, words: str) -> None:
    server = Answer(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(Refused, match=words):
        dial(settings(server.port))
    server.close()


def test_nobody_and_somebody_else(kit: SimpleNamespace) -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        dial(settings(kit.free_port()))
    server = Answer(b"220 mail ready\r\n\r\n")
    with pytest.raises(Unreachable, match="is no farm"):
        dial(settings(server.port))
    server.close()


def test_the_pauses_grow_to_a_limit_and_are_not_in_step() -> None:
    steady = Backoff(1, 30, lambda: 0.0)
    assert [steady.next() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    steady.reset()
    assert steady.next() == 1 and steady.next(longest=True) == 30
    lucky = Backoff(1, 30, lambda: 1.0)
    assert [lucky.next() for _ in range(3)] == [0.5, 1, 2]
    many = Backoff(1, 30)
    assert all(0.5 <= many.next() <= 30 for _ in range(2000))


def test_a_redirect_takes_the_token_nowhere() -> None:
    other = Answer(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
    there = f"ws://127.0.0.1:{other.port}/"
    farm = Answer(f"HTTP/1.1 302 Found\r\nLocation: {there}\r\n\r\n".encode())
    with pytest.raises(Unreachable):
        dial(settings(farm.port))
    farm.close()
    other.close()
    assert b"canary-of-the-rig" in farm.heard and other.heard == b""


@pytest.mark.parametrize("secured", [False, True])
def test_hanging_up_wakes_who_waits_for_a_word(tmp_path: Path, secured: bool) -> None:
    """Otherwise the rig ends, or notices a dead line, only after the silence of 50 s."""
    ours, theirs = socket.socketpair()
    if secured:
        ours, theirs = _shaken(ours, theirs, tmp_path)
    with ours, theirs:
        line = websocket.WebSocket()
        line.sock = ours
        line.connected = True
        begins = threading.Event()

        def wait() -> None:
            begins.set()
            with pytest.raises((OSError, websocket.WebSocketException, AttributeError)):
                line.recv()

        reader = threading.Thread(target=wait, daemon=True)
        reader.start()
        assert begins.wait(30)
        hang_up(line)
        reader.join(30)
        assert not reader.is_alive()


def _shaken(
    ours: socket.socket, theirs: socket.socket, folder: Path
) -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
    context = server_context(CertificateAuthority(folder).identity("127.0.0.1"))
    kept: list[ssl.SSLSocket] = []
    other = threading.Thread(target=lambda: kept.append(context.wrap_socket(theirs, True)))
    other.start()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    line = client.wrap_socket(ours)
    other.join(30)
    return line, kept[0]
