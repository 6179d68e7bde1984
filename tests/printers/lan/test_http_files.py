"""Uploads and downloads: counted, cancelled, and whole or not there."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from core.errors import UploadCancelled
from printers.lan.http_answers import NoAnswer
from printers.lan.upload_body import UploadBody
from tests.printers.lan.clients import client_of
from tests.printers.lan.servers import LoopbackServer, answer, read_head


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
