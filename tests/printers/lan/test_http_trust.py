"""Certificates, keys and passwords: doors that stay closed."""

from __future__ import annotations

import os
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Blocked, ConfigError, PrinterOffline, PrinterTimeout, Unusable
from core.secret import Secret
from printers.lan.address import Address
from printers.lan.certificates import IdentityChanged
from printers.lan.dialer import Dialer
from printers.lan.http_answers import Answered, NoAnswer, NotReached
from printers.lan.http_client import HttpClient
from printers.lan.upload_body import UploadBody
from simulator.certificates import CertificateAuthority, server_context
from tests.printers.lan.clients import client_of
from tests.printers.lan.servers import LoopbackServer, answer, read_head
from tests.waiting import free_port


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
        with pytest.raises(Blocked, match=other.sha256):
            trust.confirm("00" * 32)
        trust.confirm(other.sha256)
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


@pytest.mark.parametrize(
    ("scheme", "tls", "why"),
    [("http", "", "without TLS"), ("https", "system", 'The setting "tls" of Oak')],
)
def test_nothing_is_confirmed_where_nothing_is_remembered(
    tmp_path: Path, scheme: str, tls: str, why: str
) -> None:
    """Nobody is even asked: the port is closed."""
    _, trust, _ = client_of(free_port(), tmp_path, scheme=scheme, tls=tls)
    with pytest.raises(Unusable, match=why):
        trust.confirm("00" * 32)


def test_nobody_there_to_confirm(tmp_path: Path) -> None:
    _, trust, _ = client_of(free_port(), tmp_path, scheme="https")
    with pytest.raises(PrinterOffline, match="Oak"):
        trust.confirm("00" * 32)
    assert trust.pinned is None


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


@pytest.mark.parametrize("key", ["\u043a\u043b\u044e\u0447", "k3y\nX-Evil: 1", "k3y\u2028"])
def test_a_key_that_cannot_be_sent_is_named_not_shown(tmp_path: Path, key: str) -> None:
    with LoopbackServer(lambda sock: (read_head(sock), None)[1]) as server:
        _, trust, address = client_of(server.port, tmp_path)
        client = HttpClient("Oak", address, trust, headers=lambda: {"X-Api-Key": key})
        with pytest.raises(ConfigError, match="Oak") as caught:
            client.request("GET", "/x")
        assert key not in "".join(traceback.format_exception(caught.value))
        client.close()
