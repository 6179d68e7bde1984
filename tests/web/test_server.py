"""The server: keep-alive, half-sent requests, a full house, bodies that stall."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from typing import Any

import h11
import pytest

from core.errors import ConfigError
from web.http_request import environ_of
from web.server import FarmServer, Limits

SHORT = Limits(slots=12, head_s=0.4, idle_s=0.4, body_stall_s=0.4, send_stall_s=2.0)


def dial(server: FarmServer, data: bytes = b"") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    sock.sendall(data)
    return sock


def read_all(sock: socket.socket) -> bytes:
    with sock:
        parts = []
        try:
            while part := sock.recv(65_536):
                parts.append(part)
        except ConnectionResetError:
            parts.append(b"")
        return b"".join(parts)


def test_many_requests_over_one_connection(farm: Any) -> None:
    connection = farm.connect()
    for _ in range(50):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["Connection"] == "keep-alive"
        assert b'"ok"' in answer.read()
    assert len(farm.servers[0]._open) == 1
    connection.close()


def test_pipelined_requests_are_answered_in_order(farm: Any) -> None:
    server = farm.serve()
    one = b"GET /api/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = read_all(dial(server, one + last))
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b"\r\n\r\nOK") < answer.index(b'"status":"ok"')


HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/2.0\r\n" + HOST, 505),
        (b"GET\r\n", 400),
        (b"GET  / HTTP/1.1\r\n" + HOST, 400),
        (b"GET x HTTP/1.1\r\n" + HOST, 400),
        (b"CONNECT a:443 HTTP/1.1\r\n" + HOST, 400),
        (b"G\x00T / HTTP/1.1\r\n" + HOST, 400),
        (b"\x16\x03\x01", 400),
        (b"GET / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n folded\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Origin: a\r\nOrigin: b\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X\x00: b\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n", 411),
        (
            b"POST / HTTP/1.1\r\n" + HOST
            + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            411,
        ),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"HEAD x HTTP/1.1\r\n" + HOST, 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: 1\r\n" * 101, 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 40_000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200_000 + b"\r\n", 431),
    ],
)  # fmt: skip
def test_ambiguous_or_huge_heads_are_refused(farm: Any, head: bytes, status: int) -> None:
    server = farm.serve()
    answer = read_all(dial(server, head + b"\r\n"))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"Connection: close" in answer
    assert answer.count(b"Content-Length: ") == 1


def test_the_environ_is_what_wsgi_asks_for() -> None:
    headers = [
        ("Host", "h"), ("X_Forwarded_For", "1"), ("X-A", "b"), ("x-a", "c"), ("Cookie", "d"),
        ("Cookie", "e"), ("Content-Length", "7"), ("Content-Length", "7"), ("Content-Type", "t/t"),
    ]  # fmt: skip
    target = "/a%20%C3%BC%2f?c=%20&d"
    environ = environ_of(h11.Request(method="POST", target=target, headers=headers))
    assert environ == {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/a \u00c3\u00bc/",  # the bytes of UTF-8, each as one character
        "QUERY_STRING": "c=%20&d",
        "REQUEST_URI": target,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "h",
        "HTTP_X_A": "b,c",
        "HTTP_COOKIE": "d; e",
        "CONTENT_LENGTH": "7",
        "CONTENT_TYPE": "t/t",
    }


def test_half_sent_requests_are_cut_and_others_served(farm: Any) -> None:
    server = farm.serve(SHORT)
    half = [dial(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-") for _ in range(8)]
    began = time.monotonic()
    good = read_all(dial(server, b"GET /api/ HTTP/1.0\r\nHost: localhost\r\n\r\n"))
    assert good.endswith(b"OK")
    assert time.monotonic() - began < 0.25
    for sock in half:
        assert read_all(sock).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < SHORT.head_s + 1


def test_a_trickling_head_is_cut_as_a_whole(farm: Any) -> None:
    server = farm.serve(SHORT)
    with dial(server) as sock:
        began = time.monotonic()
        tick = threading.Event()
        cut = False
        while not cut and time.monotonic() - began < 3:
            tick.wait(0.1)
            try:
                sock.sendall(b"G")
                sock.settimeout(0.01)
                cut = sock.recv(100).startswith(b"HTTP/1.1 408")
            except TimeoutError:
                continue
            except OSError:
                cut = True
        assert cut
        assert time.monotonic() - began < 1.5


def test_a_full_house_answers_503_and_recovers(farm: Any, kit: Any) -> None:
    server = farm.serve(SHORT)
    waiting = [dial(server, b"GET") for _ in range(SHORT.slots)]
    kit.wait_for(lambda: len(server._open) == SHORT.slots)
    began = time.monotonic()
    answer = read_all(dial(server))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert time.monotonic() - began < 0.25
    for sock in waiting:
        sock.close()
    kit.wait_for(lambda: not server._open)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read()
    connection.close()


def test_one_address_cannot_take_all_places(farm: Any, kit: Any) -> None:
    limits = Limits(slots=12, per_address=3, cap_loopback=True, head_s=5)
    server = farm.serve(limits)
    taken = [dial(server, b"GET") for _ in range(3)]
    kit.wait_for(lambda: len(server._open) == 3)
    assert read_all(dial(server)).startswith(b"HTTP/1.1 503 ")
    for sock in taken:
        sock.close()


def test_a_stalled_body_is_cut_but_a_slow_one_is_not(farm: Any) -> None:
    server = farm.serve(SHORT)
    head = (
        b"POST /api/printers/alder/light HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"
    )
    stalled = dial(server, head + b'{"on"')
    slow = dial(server, head)
    tick = threading.Event()
    for part in (b'{"on"', b": tru", b"e}"):
        tick.wait(0.1)
        slow.sendall(part)
    assert read_all(slow).startswith(b"HTTP/1.1 202 ")
    answer = read_all(stalled)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"request_timeout" in answer
    assert len(farm.printer().commands) == 1


def test_a_page_that_is_quiet_outlives_every_time_limit(farm: Any, kit: Any) -> None:
    farm.serve(SHORT)
    with kit.page(farm) as page:
        page.until("snapshot")
        assert page.read(SHORT.head_s * 2.5).get("t") in (None, "delta")
        page.send({"t": "ping"})
        assert page.until("pong")


def test_expect_100_and_a_refused_upload(farm: Any) -> None:
    server = farm.serve(SHORT)
    big = b"9" * 10
    head = (
        b"POST /api/files HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %b\r\n\r\n"
    )
    answer = read_all(dial(server, head % big))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer
    with dial(server, head % b"11") as sock:
        assert sock.recv(100).startswith(b"HTTP/1.1 100 Continue")
        sock.sendall(b"--b--\r\n1234")
        assert b"HTTP/1.1 400 " in sock.recv(4096)


def test_the_client_reads_its_413_although_it_is_still_sending(farm: Any) -> None:
    connection = farm.connect()
    body = b"x" * 20_000_000
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    connection.request("POST", "/api/files", body=body, headers=headers)
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"at most 8 MB" in answer.read()
    connection.close()


def test_a_taken_port_is_a_sentence(farm: Any) -> None:
    server = farm.serve()
    with pytest.raises(ConfigError, match=r"port \d+.*--port"):
        FarmServer("127.0.0.1", server.port, farm.app)


def test_stop_closes_every_connection(farm: Any, kit: Any) -> None:
    server = farm.serve()
    with kit.page(farm) as page, dial(server) as idle:
        page.until("snapshot")
        kit.wait_for(lambda: len(server._open) == 2)
        server.stop()
        assert idle.recv(10) == b""
        while page.read():
            pass
        assert page.closed is not None
    kit.wait_for(lambda: not server._open)
    kit.wait_for(lambda: farm.services.hub.browsers == 0)
    with pytest.raises(OSError):
        dial(server)
