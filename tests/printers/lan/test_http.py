"""HTTP to print servers: certainly not sent, perhaps sent, refused; and doors that stay closed."""

from __future__ import annotations

import os
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import PrinterConfig
from core.errors import ConfigError, PrinterOffline, PrinterTimeout, UploadCancelled
from core.secret import Secret
from printers.lan import http_pools
from printers.lan.address import Address
from printers.lan.certificates import IdentityChanged
from printers.lan.dialer import Dialer
from printers.lan.http_answers import Answered, Malformed, NoAnswer, NotReached
from printers.lan.http_client import HttpClient
from printers.lan.trust import Trust
from printers.lan.upload_body import UploadBody
from simulator.certificates import CertificateAuthority, server_context
from tests.printers.lan.servers import LoopbackServer, answer, read_head


def client_of(
    port: int, folder: Path, *, scheme: str = "http", tls: str = ""
) -> tuple[HttpClient, Trust, Address]:
    url = f"{scheme}://127.0.0.1:{port}/prefix"
    config = PrinterConfig(id="oak", name="Oak", type="octoprint", model="MK3S", url=url, tls=tls)
    address = Address.parse(url, "Oak")
    trust = Trust(config, address, folder)
    return HttpClient("Oak", address, trust, headers=lambda: {"X-Api-Key": "k3y"}), trust, address


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


def test_a_key_that_the_server_sends_back_is_shown_to_nobody(tmp_path: Path) -> None:
    def serve(connection: socket.socket) -> None:
        read_head(connection)
        body = b'{"error": "' + b"x" * 287 + b' key k3y and k3y is wrong"}'
        connection.sendall(answer(body, "403 Forbidden", "Content-Type: application/json"))

    with LoopbackServer(serve) as server:
        client, _, _ = client_of(server.port, tmp_path)
        with pytest.raises(Answered) as refusal:
            client.request("GET", "/")
        client.close()
    assert "key ***" in refusal.value.text
    assert "k3" not in refusal.value.message and "k3" not in refusal.value.text


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


def receive_upload(sock: socket.socket, into: list[bytes]) -> None:
    data = read_head(sock)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += sock.recv(1_000_000)
    into += [head, body]
    sock.sendall(answer(b"{}", "201 Created"))


def test_uploads_are_streamed_with_their_length_and_counted(tmp_path: Path) -> None:
    source = tmp_path / "part.gcode"
    source.write_bytes(b"G1 X1\n" * 200_000)
    steps: list[tuple[int, int]] = []
    got: list[bytes] = []
    with LoopbackServer(lambda sock: receive_upload(sock, got)) as server:
        client, _, _ = client_of(server.port, tmp_path)

        def progress(sent: int, total: int) -> None:
            steps.append((sent, total))

        with UploadBody.multipart(
            source, "file", "ü b.gcode", {"path": "farm"}, progress, threading.Event()
        ) as body:
            assert client.upload("POST", "/files", body).status == 201
        with UploadBody.raw(source, progress, threading.Event()) as body:
            client.upload("PUT", "/files/b", body)
        client.close()
    assert source.read_bytes() in got[1]
    assert b'name="path"' in got[1]
    assert "ü b.gcode".encode() in got[1] or b"%C3%BC" in got[1]
    assert got[3] == source.read_bytes()
    assert steps[-1] == (source.stat().st_size, source.stat().st_size)
    assert len(steps) > 20


def test_a_cancel_ends_an_upload_on_its_way(tmp_path: Path) -> None:
    source = tmp_path / "part.gcode"
    source.write_bytes(b"G1 X1\n" * 2_000_000)
    cancel = threading.Event()

    def serve(sock: socket.socket) -> None:
        read_head(sock)
        while sock.recv(1_000_000):
            continue

    with LoopbackServer(serve) as server:
        client, _, _ = client_of(server.port, tmp_path)

        def progress(sent: int, _total: int) -> None:
            if sent > 1_000_000:
                cancel.set()

        with (
            UploadBody.raw(source, progress, cancel) as body,
            pytest.raises(UploadCancelled),
        ):
            client.upload("PUT", "/files/b", body)
        client.close()


def test_a_download_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    replies = iter([answer(b"abc" * 1000), b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nab"])
    target = tmp_path / "x.gcode"
    with LoopbackServer(lambda s: (read_head(s), s.sendall(next(replies)))[1]) as server:
        client, _, _ = client_of(server.port, tmp_path)
        client.download("/f", target)
        assert target.read_bytes() == b"abc" * 1000
        target.unlink()
        with pytest.raises(NoAnswer):
            client.download("/f", target)
        client.close()
    assert list(tmp_path.iterdir()) == []


# -- https ---------------------------------------------------------------------------------------


def test_the_first_certificate_is_remembered_and_another_gets_nothing(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    context = server_context(authority.identity("oak"), tls13=True)
    heads: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        heads.append(read_head(sock))
        if heads[-1]:
            sock.sendall(answer(b"{}"))

    with LoopbackServer(serve, context) as server:
        client, trust, address = client_of(server.port, tmp_path, scheme="https")
        with pytest.raises(PrinterOffline, match="not been seen"):
            client.request("GET", "/x")
        trust.check(Dialer(address.host))
        trust.save()
        assert client.request("GET", "/x").status == 200
        client.close()
        sent = len([head for head in heads if head])
        other = authority.rotate("oak")
        context.load_cert_chain(other.certificate, other.key)
        with pytest.raises(NotReached, match="not trusted"):
            client.request("GET", "/x", once=True)
        with pytest.raises(IdentityChanged):
            trust.explain(Dialer(address.host))
        assert len([head for head in heads if head]) == sent, "no byte of a request was sent"
        again, remembered, _ = client_of(server.port, tmp_path, scheme="https")
        remembered.check(Dialer("127.0.0.1"))
        assert remembered.pinned is not None
        assert remembered.pinned.sha256 != other.sha256, "the pin outlives the process"
        trust.replace(trust.presented(Dialer(address.host)))
        assert client.request("GET", "/x", once=True).status == 200
        client.close()
        again.close()


def test_public_authorities_do_not_widen_a_pin(tmp_path: Path) -> None:
    """A second certificate of the same authority is another certificate."""
    authority = CertificateAuthority(tmp_path / "ca")
    first = server_context(authority.identity("oak"), tls13=True)
    second = server_context(authority.identity("elm"), tls13=True)
    serve: Callable[[socket.socket], None] = lambda s: (read_head(s), s.sendall(answer(b"")))[1]  # noqa: E731
    with LoopbackServer(serve, first) as oak, LoopbackServer(serve, second) as elm:
        _, trust, address = client_of(oak.port, tmp_path, scheme="https")
        trust.check(Dialer(address.host))
        there = Address("https", "127.0.0.1", elm.port)
        client = HttpClient("Oak", there, trust)
        with pytest.raises(NotReached):
            client.request("GET", "/x")
        client.close()


def test_an_authority_must_also_vouch_for_the_name(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    context = server_context(authority.identity("oak"), tls13=True)
    with LoopbackServer(lambda s: (read_head(s), None)[1], context) as server:
        client, _, _ = client_of(server.port, tmp_path, scheme="https", tls=str(authority.ca_file))
        with pytest.raises(NotReached, match="tls"):
            client.request("GET", "/x")
        client.close()


def test_an_authority_file_that_is_none_is_named_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    for path in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigError, match='"tls" of Oak'):
            client_of(1, tmp_path, scheme="https", tls=str(tmp_path / path))


def test_digest_signs_in_without_sending_the_password(tmp_path: Path) -> None:
    heads: list[bytes] = []
    challenge = (
        'WWW-Authenticate: Digest realm="Administrator", nonce="n1", algorithm="MD5", qop="auth"'
    )

    def serve(sock: socket.socket) -> None:
        head = read_head(sock)
        heads.append(head)
        if b"Authorization: Digest" in head:
            sock.sendall(answer(b"{}"))
        else:
            sock.sendall(answer(b"", "401 Unauthorized", challenge))

    with LoopbackServer(serve) as server:
        _, trust, address = client_of(server.port, tmp_path)
        client = HttpClient("Oak", address, trust, digest=("maker", Secret("s3cret")))
        assert client.request("GET", "/api/v1/status").status == 200
        client.close()
    assert not any(b"s3cret" in head for head in heads)


def test_a_digest_upload_is_signed_at_once_and_never_sent_twice(tmp_path: Path) -> None:
    source = tmp_path / "part.gcode"
    source.write_bytes(b"G1 X1\n" * 10_000)
    uploads: list[bytes] = []
    challenge = 'WWW-Authenticate: Digest realm="A", nonce="n1", algorithm="MD5", qop="auth"'

    def serve(sock: socket.socket) -> None:
        head = read_head(sock)
        if head.startswith(b"PUT"):
            uploads.append(head)
            while sock.recv(1_000_000):  # reads on until the client gives up
                if len(uploads) == 1 and b"Digest" not in head:
                    break
        sock.sendall(answer(b"stale", "401 Unauthorized", challenge))

    with LoopbackServer(serve) as server:
        _, trust, address = client_of(server.port, tmp_path)
        client = HttpClient("Oak", address, trust, digest=("maker", Secret("s3cret")))
        body = UploadBody.raw(source, lambda *_: None, threading.Event())
        with body, pytest.raises((Answered, NoAnswer)):
            client.upload("PUT", "/files/b", body, stall_s=1.0)
        client.close()
    assert len(uploads) == 1
    assert b"Authorization: Digest" in uploads[0]


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


@pytest.mark.parametrize("rest", [b"", b"\x15\x03\x03\x00\x02\x02\x50", b"no TLS at all" * 9])
def test_tls_that_breaks_after_the_request_leaves_it_open_whether_it_was_taken(
    tmp_path: Path, rest: bytes
) -> None:
    """A server that dies, or a middle box that cuts in, once it has read a start."""
    context = server_context(CertificateAuthority(tmp_path / "ca").identity("oak"), tls13=True)
    heads: list[bytes] = []

    def serve(sock: socket.socket) -> None:
        heads.append(read_head(sock))
        if heads[-1]:
            with socket.socket(fileno=os.dup(sock.fileno())) as beneath:
                beneath.sendall(rest)

    with LoopbackServer(serve, context) as server:
        client, trust, address = client_of(server.port, tmp_path, scheme="https")
        trust.check(Dialer(address.host))
        with pytest.raises(PrinterTimeout):
            client.request("POST", "/start", once=True)
        assert len([head for head in heads if head]) == 1, "it was sent, and once"
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


@pytest.mark.parametrize("key", ["\u043a\u043b\u044e\u0447", "k3y\nX-Evil: 1", "k3y\u2028"])
def test_a_key_that_cannot_be_sent_is_named_not_shown(tmp_path: Path, key: str) -> None:
    with LoopbackServer(lambda sock: (read_head(sock), None)[1]) as server:
        _, trust, address = client_of(server.port, tmp_path)
        client = HttpClient("Oak", address, trust, headers=lambda: {"X-Api-Key": key})
        with pytest.raises(ConfigError, match="Oak") as caught:
            client.request("GET", "/x")
        assert key not in "".join(traceback.format_exception(caught.value))
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
