"""The WebSocket to a print server: limits, aborts from other threads, TLS, nonsense."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from core.config import PrinterConfig
from printers.lan.address import Address
from printers.lan.dialer import Aborted, Dialer
from printers.lan.trust import Trust
from printers.lan.web_socket import Closed, HandshakeRefused, WebSocket
from simulator.certificates import CertificateAuthority, server_context
from tests.printers.lan.servers import LoopbackServer, read_head

Talk = Callable[["Peer"], None]


class Peer:
    """The server's end of one WebSocket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.protocol = WSConnection(ConnectionType.SERVER)
        self.target = ""
        self.headers: dict[str, str] = {}

    def events(self) -> list[object]:
        data = self.sock.recv(65_536)
        if not data:
            raise ConnectionError("gone")
        self.protocol.receive_data(data)
        return list(self.protocol.events())

    def accept(self) -> None:
        (request,) = self.events()
        assert isinstance(request, Request)
        self.target = request.target
        self.headers = {k.decode(): v.decode() for k, v in request.extra_headers}
        self.send(AcceptConnection())

    def send(self, event: object) -> None:
        self.sock.sendall(self.protocol.send(event))  # type: ignore[arg-type]


def serving(talk: Talk) -> Callable[[socket.socket], None]:
    def serve(sock: socket.socket) -> None:
        peer = Peer(sock)
        peer.accept()
        talk(peer)

    return serve


def connect(port: int, folder: Path, scheme: str = "http", max_bytes: int = 1000) -> WebSocket:
    config = PrinterConfig(id="oak", name="Oak", type="moonraker", model="Voron")
    address = Address(scheme, "127.0.0.1", port, "/base")
    trust = Trust(config, address, folder)
    trust.check(Dialer(address.host))
    return WebSocket.open(
        Dialer(address.host), address, trust, "/ws?token=1", {"X-Api-Key": "k3y"},
        max_bytes=max_bytes,
    )  # fmt: skip


def converse(port: int, folder: Path) -> None:
    """Read until the conversation ends, which may be in the first breath."""
    opened = connect(port, folder)
    try:
        while True:
            opened.receive(5)
    finally:
        opened.close()


def test_messages_pings_and_pieces_arrive_in_order(tmp_path: Path) -> None:
    peers: list[Peer] = []
    pongs: list[object] = []

    def talk(peer: Peer) -> None:
        peers.append(peer)
        peer.send(TextMessage(data="one"))
        peer.send(Ping(payload=b"?"))
        peer.send(Message(data="tw", message_finished=False))
        peer.send(TextMessage(data="ö"))
        pongs.extend(peer.events())

    with LoopbackServer(serving(talk)) as server:
        opened = connect(server.port, tmp_path)
        assert [opened.receive(2), opened.receive(2)] == ["one", "twö"]
        with pytest.raises(Closed):
            while True:
                opened.receive(2)
        opened.close()
    assert isinstance(pongs[0], Pong)
    assert peers[0].target == "/base/ws?token=1"
    assert peers[0].headers["x-api-key"] == "k3y"


def test_silence_is_none_and_counts_no_sign_of_life(tmp_path: Path) -> None:
    done = threading.Event()
    with LoopbackServer(serving(lambda _: done.wait(5) and None)) as server:
        opened = connect(server.port, tmp_path)
        heard = opened.heard_at
        assert opened.receive(0.05) is None
        assert opened.heard_at == heard
        done.set()
        opened.close()


def test_an_abort_from_another_thread_wakes_the_reader(tmp_path: Path) -> None:
    done = threading.Event()
    with LoopbackServer(serving(lambda _: done.wait(5) and None)) as server:
        opened = connect(server.port, tmp_path)
        threading.Timer(0.1, opened.abort).start()
        began = time.monotonic()
        with pytest.raises(Closed):
            opened.receive(10)
        assert time.monotonic() - began < 5
        opened.close()
        with pytest.raises(Closed):
            opened.send("too late")
        done.set()


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x7f" + struct.pack("!Q", 2**40) + b"x" * 5000,  # a message without end
        b"\x81\x7e" + struct.pack("!H", 3000) + b"x" * 3000,  # longer than the limit
        b"\x83\x01x",  # an unknown opcode
        b"\x81\x02\xff\xfe",  # no UTF-8
        b"HTTP/1.1 500 Oops\r\n\r\n",
        b"\xff" * 200,
    ],
)
def test_nonsense_ends_the_conversation_and_nothing_else(tmp_path: Path, frame: bytes) -> None:
    def talk(peer: Peer) -> None:
        peer.sock.sendall(frame)
        read_head(peer.sock)

    with LoopbackServer(serving(talk)) as server, pytest.raises(Closed):
        converse(server.port, tmp_path)


def test_a_polite_end_is_answered(tmp_path: Path) -> None:
    with LoopbackServer(serving(lambda peer: peer.send(CloseConnection(code=1001)))) as server:
        opened = connect(server.port, tmp_path)
        with pytest.raises(Closed):
            opened.receive(2)
        opened.close()


def test_a_refused_upgrade_tells_its_status(tmp_path: Path) -> None:
    def serve(sock: socket.socket) -> None:
        peer = Peer(sock)
        peer.events()
        peer.send(RejectConnection(status_code=401))

    with LoopbackServer(serve) as server:
        with pytest.raises(HandshakeRefused) as caught:
            connect(server.port, tmp_path)
        assert caught.value.status == 401


def test_an_aborted_dialer_opens_nothing(tmp_path: Path) -> None:
    with LoopbackServer(serving(lambda _: None)) as server:
        dialer = Dialer("127.0.0.1")
        dialer.abort()
        address = Address("http", "127.0.0.1", server.port)
        config = PrinterConfig(id="oak", name="Oak", type="moonraker", model="")
        with pytest.raises(Aborted):
            WebSocket.open(dialer, address, Trust(config, address, tmp_path), "/", {})
        assert server.connections == 0


def test_tls_can_be_written_while_it_is_read(tmp_path: Path) -> None:
    """Sending from other threads while one thread waits: every message comes through whole."""
    identity = CertificateAuthority(tmp_path / "ca").identity("oak")
    wanted = 300

    def talk(peer: Peer) -> None:
        left = wanted
        while left:
            for event in peer.events():
                if isinstance(event, TextMessage):
                    peer.send(TextMessage(data=event.data))
                    left -= 1

    with LoopbackServer(serving(talk), server_context(identity, tls13=True)) as server:
        opened = connect(server.port, tmp_path, "https")

        def write(name: str) -> None:
            for number in range(wanted // 3):
                opened.send(f"{name}{number}" + "." * 100)

        writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
        for thread in writers:
            thread.start()
        got = [opened.receive(5) for _ in range(wanted)]
        for thread in writers:
            thread.join(5)
        opened.close()
    assert None not in got
    assert len(set(got)) == wanted


@pytest.mark.parametrize("frame", [b"\x89\x00", b"\x82\x01x", b"\x81\x02{}", b"\x00\x00"])
def test_a_flood_ends_the_conversation(tmp_path: Path, frame: bytes) -> None:
    """Pings, nonsense, reports or endless pieces of one message: the others need the time too."""
    ready = threading.Event()

    def talk(peer: Peer) -> None:
        ready.wait(5)
        if frame == b"\x00\x00":
            peer.sock.sendall(b"\x01\x00")
        while True:
            peer.sock.sendall(frame * 1000)

    with LoopbackServer(serving(talk)) as server:
        sock = connect(server.port, tmp_path)
        ready.set()
        began = time.process_time()
        with pytest.raises(Closed, match="more than anyone could read"):
            while True:
                sock.receive(0.2)
        assert time.process_time() - began < 3.0
        sock.close()
