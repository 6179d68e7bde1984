"""A CONNECT packet by hand, and what becomes of a connection."""

from __future__ import annotations

import queue
import ssl

import pytest

ACCEPTED, UNAVAILABLE, NOT_AUTHORIZED = 0, 136, 135  # paho's reason codes of CONNACK 0, 3 and 5


def connect_packet(endpoint, client_id="raw") -> bytes:
    def text(value: str) -> bytes:
        return len(value).to_bytes(2, "big") + value.encode()

    body = text("MQTT") + bytes((4, 0xC2, 0, 30)) + text(client_id)
    body += text("bblp") + text(endpoint.access_code)
    return bytes((0x10, len(body))) + body


def assert_closed(sock: ssl.SSLSocket) -> None:
    sock.settimeout(5)
    try:
        while sock.recv(4096):
            continue
    except (ConnectionResetError, ssl.SSLError):
        return


def assert_silent(messages: queue.Queue, seconds: float) -> None:
    with pytest.raises(queue.Empty):
        messages.get(timeout=seconds)
