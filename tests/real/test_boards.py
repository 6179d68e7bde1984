"""The pretend boards, the processes and the proxy themselves: what the contract suite leans on."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.proxy import FaultProxy
from tests.contract.wire_log import WS, Ear, WireLog
from tests.real.board_klipper import KlipperBoard
from tests.real.board_mk3 import Mk3Board
from tests.real.klipper_wire import Dictionary, Framer, crc16, get_number, put_number
from tests.real.places import run_folder
from tests.real.process import Process, born, sweep


def test_check_bytes_are_crc_16_mcrf4xx() -> None:
    assert crc16(b"123456789") == bytes.fromhex("6f91")


def test_numbers_come_back_as_they_went() -> None:
    chance = random.Random(7)
    edges = [0, 1, -1, 95, 96, -32, -33, 12287, 12288, 2**31 - 1, -(2**31)]
    for number in (*edges, *(chance.randrange(-(2**31), 2**31) for _ in range(2000))):
        out = bytearray()
        put_number(out, number)
        assert get_number(bytes(out), 0) == (number, len(out)) and len(out) <= 5


def test_a_klipper_board_acknowledges_and_identifies() -> None:
    board = KlipperBoard()
    body = bytearray((1,))
    for number in (0, 40):
        put_number(body, number)
    head = bytes((len(body) + 5, 0x10 | 1)) + bytes(body)
    board.feed(b"\x00garbage" + head + crc16(head) + b"\x7e")
    blocks = list(Framer().blocks(bytes(board.tx)))
    assert len(blocks) == 2, "one answer, one acknowledgement"
    packed = Dictionary({}).packed[:0]
    assert packed == b"" and bytes(board.tx)[4:].find(b"\x78") >= 0, "no zlib data in the answer"


def test_a_klipper_board_outlives_what_a_dead_host_had_still_sent() -> None:
    board = KlipperBoard()
    number = next(n for n, (name, _) in Dictionary({}).commands.items() if name == "queue_step")
    body = bytearray((number,))
    for value in (7, 100, 1, 0):
        put_number(body, value)
    head = bytes((len(body) + 5, 0x10 | 1)) + bytes(body)
    board.feed(head + crc16(head) + b"\x7e")
    assert board.order(["status"])["shutdown"] is None


def _lines(board: Mk3Board) -> list[str]:
    end = time.monotonic() + 5
    board.run()
    while not board.tx.endswith(b"ok\n") and time.monotonic() < end:
        board.run()
    said = board.tx.decode().splitlines()
    board.tx.clear()
    return said


def test_an_mk3_board_counts_lines_moves_and_remembers() -> None:
    board = Mk3Board()
    for line in (b"M110 N0\n", b"N1 G28 *18\n"):
        board.feed(line)
        assert _lines(board) == ["ok"]
    board.feed(b"N3 G1 X50 F6000 *1\n")
    assert _lines(board) == ["Resend: 2", "ok"]
    board.feed(b"N2 G1 X50 F6000 *1\n")
    began = time.monotonic()
    assert _lines(board) == ["ok"] and time.monotonic() - began >= 0.4
    assert board.order(["status"])["at"]["X"] == 50.0
    board.feed(b"D3 Ax0D05 X0000002a\n")
    _lines(board)
    board.order(["reboot"])
    board.feed(b"D3 AxD05 C4\n")
    assert "D05  00 00 00 2a" in _lines(board)


def test_a_halted_mk3_says_so_and_nothing_more() -> None:
    board = Mk3Board()
    board.order(["halt"])
    assert b"kill() called" in board.tx
    board.tx.clear()
    board.feed(b"M105\n")
    board.run()
    assert not board.tx
    with pytest.raises(ValueError, match="unknown"):
        board.order(["dance"])


# -- processes ---------------------------------------------------------------------------------


def test_a_process_ends_with_its_children(tmp_path: Path) -> None:
    script = (
        "import subprocess, time; child = subprocess.Popen(['sleep', '60']); "
        "print('up', child.pid, flush=True); time.sleep(60)"
    )
    process = Process("parent", tmp_path, [sys.executable, "-c", script])
    process.start()
    end = time.monotonic() + 10
    while "up" not in process.tail() and time.monotonic() < end:
        time.sleep(0.01)
    child = int(process.tail().split()[1])
    assert _runs(child)
    process.stop()
    assert not process.is_running
    end = time.monotonic() + 5
    while _runs(child) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether it lives; what only waits for its parent to notice does not."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_a_killed_run_left_behind_is_ended_by_its_id(tmp_path: Path) -> None:
    place = tmp_path / "left"
    place.mkdir()
    leaver = (
        "from pathlib import Path; from tests.real.process import Process; import os, sys\n"
        "Process('sleeper', Path(sys.argv[1]), ['sleep', '60']).start(); os._exit(9)"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", leaver, str(place)], cwd=root, check=False)
    note = (place / "sleeper.pid.json").read_text("utf-8")
    pid = int(note.split('"pid": ')[1].split(",")[0])
    assert _runs(pid) and born(pid)
    sweep(tmp_path)
    end = time.monotonic() + 5
    while _runs(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _runs(pid)
    assert not place.exists()


def test_data_is_kept_where_prusalink_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_REAL_HOME", "/tmp/somewhere")
    assert not run_folder().is_relative_to("/tmp")


# -- the proxy ---------------------------------------------------------------------------------


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that answers every line with itself; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(peer: socket.socket) -> None:
        with peer:
            while data := _received(peer):
                peer.sendall(data)

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(peer,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def _received(peer: socket.socket) -> bytes:
    try:
        return peer.recv(4096)
    except OSError:
        return b""


def test_the_proxy_passes_delays_swallows_cuts_and_refuses(echo: int) -> None:
    proxy = FaultProxy(echo)
    proxy.start()
    try:
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
            client.settimeout(5)
            client.sendall(b"one")
            assert client.recv(10) == b"one"
            proxy.delay_s = 0.3
            began = time.monotonic()
            client.sendall(b"two")
            assert client.recv(10) == b"two" and time.monotonic() - began >= 0.3
            proxy.delay_s, proxy.hole = 0.0, True
            client.sendall(b"three")
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.recv(10)
            client.settimeout(5)
            proxy.heal()
            assert _received(client) == b"", "what fell into the hole must break"
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), 5)
        proxy.heal()
        with socket.create_connection(("127.0.0.1", proxy.port), 5) as client:
            client.sendall(b"again")
            assert client.recv(10) == b"again"
    finally:
        proxy.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith("proxy:")]


def test_requests_and_socket_messages_are_read_along() -> None:
    log = WireLog()
    ear = Ear(log)
    text = (
        b"POST /api/job?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n"
        b'{"command": "start"}'
        b"PUT /f HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        b"GET /websocket HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
        b"\x81\x85\x01\x02\x03\x04" + bytes(b ^ (i % 4 + 1) for i, b in enumerate(b"hello"))
    )
    for byte in text:
        ear.hear(bytes((byte,)))
    post, put, upgrade, message = log.seen()
    assert (post.method, post.path, post.json) == ("POST", "/api/job?x=1", {"command": "start"})
    assert (put.method, put.body) == ("PUT", b"abcde")
    assert upgrade.method == "GET" and (message.method, message.body) == (WS, b"hello")
