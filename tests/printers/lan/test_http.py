"""HTTP to print servers: certainly not sent, perhaps sent, refused; and too slow."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from core.errors import ConfigError, PrinterOffline, PrinterTimeout
from printers.lan import http_pools
from printers.lan.address import Address
from printers.lan.http_answers import Answered, Malformed, NoAnswer, NotReached
from tests.printers.lan.clients import client_of
from tests.printers.lan.servers import LoopbackServer, answer, read_head


@pytest.mark.parametrize(
    ("url", "origin", "base"),
    [
        ("http://octopi.local", "http://octopi.local:80", ""),
        ("octopi.local:5000", "http://octopi.local:5000", ""),
        ("https://h/octoprint/", "https://h:443", "/octoprint"),
        ("http://[::1]:7125", "http://[::1]:7125", ""),
    ],
)
def test_an_address_is_read_as_people_write_it(url: str, origin: str, base: str) -> None:
    address = Address.parse(url, "Oak")
    assert (address.origin, address.base) == (origin, base)
    assert address.url("/api/job") == f"{origin}{base}/api/job"
    assert address.owns(f"{origin}/webcam/")


@pytest.mark.parametrize(
    "url",
    ["", "ftp://h", "http://", "http://h:99999", "http://me:pw@h", "http://h/?key=1", "http://a b"],
)
def test_an_address_that_cannot_be_used_is_a_sentence(url: str) -> None:
    with pytest.raises(ConfigError, match="Oak"):
        Address.parse(url, "Oak")


@pytest.mark.parametrize(
    "url", ["https://h:80/", "http://other/", "http://h:81/", "http://h.evil/", "//h", "http://h:x"]
)
def test_a_key_is_not_for_other_servers(url: str) -> None:
    assert not Address.parse("http://h", "Oak").owns(url)


def test_a_closed_port_means_certainly_nothing_was_sent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client, _, _ = client_of(port, tmp_path)
    with pytest.raises(NotReached, match="refuses the connection") as caught:
        client.request("POST", "/start", once=True)
    assert isinstance(caught.value, PrinterOffline)
    assert isinstance(caught.value.cause, ConnectionRefusedError)


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", b"junk\r\n"]
)
def test_an_answer_that_breaks_off_leaves_it_open_whether_it_was_taken(
    tmp_path: Path, reply: bytes
) -> None:
    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(reply)

    with LoopbackServer(serve) as server:
        client, _, _ = client_of(server.port, tmp_path)
        with pytest.raises(NoAnswer) as caught:
            client.request("POST", "/start", once=True)
        assert isinstance(caught.value, PrinterTimeout)
        assert server.connections == 1, "a start is never repeated"
        client.close()


def test_silence_ends_at_the_time_out(tmp_path: Path) -> None:
    gone = threading.Event()
    with LoopbackServer(lambda sock: (read_head(sock), gone.wait(5))[0] and None) as server:
        client, _, _ = client_of(server.port, tmp_path)
        with pytest.raises(NoAnswer, match="did not answer in time"):
            client.request("GET", "/x", timeout=0.2)
        gone.set()
        client.close()


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "words"),
    [
        (
            "403 Forbidden",
            b'{"error": "no permission"}',
            "application/json",
            "auth",
            "no permission",
        ),
        ("409 Conflict", b"Printer is busy", "text/plain", "conflict", "Printer is busy"),
        ("404 Not Found", b"<html>x</html>", "text/html", "not_found_there", "HTTP 404"),
        ("507 Full", b'{"error": {"message": "disk"}}', "application/json", "storage_full", "disk"),
        ("302 Found", b"", "text/plain", "printer_rejected", "HTTP 302"),
        ("500 Oops", b"a\x00b\x1b[31m " + b"x" * 900, "text/plain", "printer_rejected", "a b [31m"),
    ],
)
def test_a_refusal_carries_the_servers_own_words(
    tmp_path: Path, status: str, body: bytes, kind: str, code: str, words: str
) -> None:
    seen: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        seen.append(read_head(sock))
        where = "Location: http://127.0.0.1:1/elsewhere"
        sock.sendall(answer(body, status, f"Content-Type: {kind}", where, "Set-Cookie: a=b"))

    with LoopbackServer(serve) as server:
        client, _, _ = client_of(server.port, tmp_path)
        for _ in range(2):
            with pytest.raises(Answered, match="Oak refused") as caught:
                client.request("GET", "/x")
        client.close()
    assert caught.value.error_code == code
    assert words in caught.value.message
    assert len(caught.value.message) < 400
    assert b"GET /prefix/x HTTP/1.1" in seen[0]
    assert b"X-Api-Key: k3y" in seen[0]
    assert b"ookie" not in seen[1], "nothing is remembered between requests"


def test_an_endless_or_wrong_answer_is_cut_off(tmp_path: Path) -> None:
    bodies = iter([b"x" * 3_000, b"[1, 2]", b"{nonsense"])
    with LoopbackServer(lambda s: (read_head(s), s.sendall(answer(next(bodies))))[1]) as server:
        client, _, _ = client_of(server.port, tmp_path)
        with pytest.raises(Malformed, match="more than 1000 bytes"):
            client.request("GET", "/x", max_bytes=1000)
        with pytest.raises(Malformed, match="another shape"):
            client.request("GET", "/x").object()
        with pytest.raises(Malformed, match="no JSON"):
            client.request("GET", "/x").json()
        client.close()


def test_an_answer_that_trickles_in_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printers.lan.http_client.WHOLE_ANSWER_S", 0.3)
    pause = threading.Event()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            sock.sendall(b"x")
            pause.wait(0.02)

    with LoopbackServer(serve) as server:
        client, _, _ = client_of(server.port, tmp_path)
        with pytest.raises(NoAnswer, match="slowly"):
            client.request("GET", "/x", timeout=5)
        client.close()


def test_headers_that_trickle_in_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one server would hold its printer's thread, and everyone's orders to it, for days."""
    monkeypatch.setattr(http_pools, "WHOLE_HEAD_S", 0.3)
    done = threading.Event()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not done.wait(0.02):
            sock.sendall(b"a")

    with LoopbackServer(serve) as server:
        client, _, _ = client_of(server.port, tmp_path)
        with pytest.raises(NoAnswer):
            client.request("GET", "/x")
        done.set()
        client.close()


def test_a_server_may_think_before_it_answers_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moonraker reads a large upload through before it says a word."""
    monkeypatch.setattr(http_pools, "WHOLE_HEAD_S", 0.2)
    pause = threading.Event()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        pause.wait(0.6)
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        pause.wait(0.05)
        sock.sendall(b"Content-Length: 2\r\n\r\n")
        pause.wait(0.5)
        sock.sendall(b"{}")

    with LoopbackServer(serve) as server:
        client, _, _ = client_of(server.port, tmp_path)
        assert client.request("GET", "/x").object() == {}
        client.close()
