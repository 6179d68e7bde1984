"""What the connection makes of WSGI: framing, HEAD, 100-continue, early frames, broken apps."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from web.frames import text_frame
from web.server import FarmServer, Limits

Start = Callable[[str, list[tuple[str, str]]], object]
GET = b"GET %b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


class TinyApp:
    """One WSGI app with a path for each case."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.closed = threading.Event()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        case = getattr(self, environ["PATH_INFO"].strip("/"), self.unread)
        answer: Iterable[bytes] = case(environ, start)
        return answer

    def stream(self, _environ: dict[str, Any], start: Start) -> Iterator[bytes]:
        start("200 OK", [])
        try:
            yield b"first"
            self.go_on.wait(5)
            yield b""
            yield b"x" * 100_000
        finally:
            self.closed.set()

    def echo(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        data = environ["wsgi.input"].read()
        start("200 OK", [("Content-Length", str(len(data)))])
        return [data]

    def unread(self, _environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def nothing(self, _environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("304 Not Modified", [("ETag", '"a"')])
        return [b""]

    def short(self, _environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "5")])
        return [b"two"]

    def long(self, _environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "2")])
        return [b"ab", b"HTTP/1.1 200 OK"]

    def broken(self, _environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [])
        raise ValueError("as wanted")

    def split(self, _environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [("X", "a\r\nSet-Cookie: b")])
        return [b"x"]


@pytest.fixture
def app() -> TinyApp:
    return TinyApp()


@pytest.fixture
def server(app: TinyApp) -> Iterator[FarmServer]:
    limits = Limits(head_s=2.0, idle_s=2.0, body_stall_s=0.5, send_stall_s=2.0)
    server = FarmServer("127.0.0.1", 0, app, limits=limits)
    server.start()
    yield server
    app.go_on.set()
    server.stop()


def dial(server: FarmServer, *parts: bytes) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    for part in parts:
        sock.sendall(part)
    return sock


def read_all(sock: socket.socket) -> bytes:
    with sock:
        return b"".join(iter(lambda: sock.recv(65_536), b""))


def read_until(sock: socket.socket, end: bytes) -> bytes:
    data = b""
    while not data.endswith(end):
        part = sock.recv(65_536)
        assert part, data
        data += part
    return data


def test_a_stream_is_sent_piece_by_piece_in_chunks(server: FarmServer, app: TinyApp) -> None:
    with dial(server, GET.replace(b"close", b"keep-alive") % b"/stream") as sock:
        head, _, body = read_until(sock, b"5\r\nfirst\r\n").partition(b"\r\n\r\n")
        assert b"Transfer-Encoding: chunked" in head
        assert b"Connection: keep-alive" in head
        assert body == b"5\r\nfirst\r\n"  # nothing waits for more
        app.go_on.set()
        rest = read_until(sock, b"0\r\n\r\n")
        assert rest == b"186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n"
        sock.sendall(GET % b"/unread")
        assert read_until(sock, b"ok").startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_stream_to_http_1_0_ends_with_the_connection(server: FarmServer, app: TinyApp) -> None:
    app.go_on.set()
    answer = read_all(dial(server, b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert b"Connection: close" in head
    assert body == b"first" + b"x" * 100_000


def test_a_stream_ends_when_its_client_leaves(server: FarmServer, app: TinyApp) -> None:
    with dial(server, GET % b"/stream") as sock:
        read_until(sock, b"first\r\n")
        sock.shutdown(socket.SHUT_RDWR)
    app.go_on.set()
    assert app.closed.wait(3)


@pytest.mark.parametrize("request_line", [b"HEAD /unread", b"GET /nothing"])
def test_answers_without_body_keep_the_connection(server: FarmServer, request_line: bytes) -> None:
    with dial(server, request_line + b" HTTP/1.1\r\nHost: h\r\n\r\n") as sock:
        head = read_until(sock, b"\r\n\r\n")
        assert b"Connection: keep-alive" in head
        sock.sendall(GET % b"/unread")
        assert read_all(sock).endswith(b"\r\n\r\nok")


def test_bodies_and_requests_in_any_pieces(server: FarmServer) -> None:
    post = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab\r\n"
    whole = b"\r\n" + post + b"\r\n" + post + (GET % b"/unread")
    for size in (1, 7, 64, len(whole)):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        answer = read_all(dial(server, *pieces))
        assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3
        assert answer.count(b"\r\n\r\nab\r\n") == 2
        assert answer.endswith(b"\r\n\r\nok")


def test_a_small_unread_body_is_not_the_next_request(server: FarmServer) -> None:
    body = GET % b"/broken"
    head = b"POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = read_all(dial(server, head, body, GET % b"/unread"))
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert b" 500 " not in answer


def test_an_uninvited_body_closes_the_connection(server: FarmServer) -> None:
    head = b"POST /%b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    answer = read_all(dial(server, head % b"unread"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    with dial(server, head % b"echo") as sock:
        assert read_until(sock, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc")
        assert read_until(sock, b"\r\n\r\nabc").startswith(b"HTTP/1.1 200 OK\r\n")
        sock.sendall(GET % b"/unread")
        assert read_all(sock).endswith(b"\r\n\r\nok")


def test_a_wish_for_another_protocol_is_ignored(server: FarmServer) -> None:
    ask = b"GET /unread HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n"
    for name in (b"h2c", b"websocket"):
        answer = read_all(dial(server, ask % name, GET % b"/unread"))
        assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2


@pytest.mark.parametrize("case", [b"short", b"long"])
def test_an_app_that_breaks_its_promise_is_cut(
    server: FarmServer, case: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    ask = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n" % case
    with caplog.at_level(logging.ERROR):
        answer = read_all(dial(server, ask, GET % b"/unread"))
    assert answer.count(b"HTTP/1.1 ") == 1  # what follows cannot be taken for part of it
    assert "failed while it was answered" in caplog.text


@pytest.mark.parametrize("case", [b"broken", b"split"])
def test_a_broken_app_is_a_500(
    server: FarmServer, case: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        answer = read_all(dial(server, b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n" % case))
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"Connection: close" in answer
    assert b"Set-Cookie" not in answer


def test_frames_sent_with_the_upgrade_are_heard(farm: Any) -> None:
    server = farm.serve()
    ask = (
        b"GET /api/ws HTTP/1.1\r\nHost: h.local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    frame = text_frame(b'{"t":"ping"}')
    masked = bytes((frame[0], frame[1] | 0x80)) + bytes(4) + frame[2:]  # a mask of zeros
    with dial(server, ask + masked) as sock:
        answer = b""
        while b'{"t":"pong"}' not in answer:
            part = sock.recv(65_536)
            assert part, answer
            answer += part
    assert answer.startswith(b"HTTP/1.1 101 ")


def test_noise_never_breaks_the_server(
    server: FarmServer, caplog: pytest.LogCaptureFixture
) -> None:
    ask = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    with caplog.at_level(logging.ERROR):
        for at in range(len(ask) - 3):
            for noise in (b"\x00", b"\r", b"\n", b"\xff", b":"):
                sock = dial(server, ask[:at] + noise + ask[at + 1 :])
                sock.shutdown(socket.SHUT_WR)
                try:
                    answer = read_all(sock)
                except ConnectionResetError:
                    continue
                assert not answer or answer.startswith(b"HTTP/1.1 ")
    assert not caplog.records
    assert read_all(dial(server, ask)).endswith(b"\r\n\r\nabc")
