"""MQTT 3.1.1 packets: cutting a byte stream into packets, reading and building them.

Only what a printer's broker needs (bambu-lan B2). Everything that is not well-formed raises
MalformedPacket; the server then closes that one connection, as the standard demands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

MAX_PACKET_BYTES = 1_048_576


class PacketType(IntEnum):
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class ConnectCode(IntEnum):
    ACCEPTED = 0
    BAD_PROTOCOL = 1
    BAD_CLIENT_ID = 2
    SERVER_UNAVAILABLE = 3
    BAD_CREDENTIALS = 4
    NOT_AUTHORIZED = 5


class MalformedPacket(Exception):
    """The bytes are no MQTT 3.1.1."""


@dataclass(frozen=True, slots=True)
class Packet:
    type: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Connect:
    level: int
    client_id: str
    clean_session: bool
    keepalive_s: int
    user: str | None
    password: bytes | None


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    payload: bytes
    qos: int
    packet_id: int


class PacketReader:
    """Collects bytes and yields whole packets."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Raises MalformedPacket for a bad or oversized length."""
        self._buffer += data
        while (header := self._header()) is not None:
            start, length = header
            if len(self._buffer) < start + length:
                return
            first = self._buffer[0]
            body = bytes(self._buffer[start : start + length])
            del self._buffer[: start + length]
            yield Packet(first >> 4, first & 0x0F, body)

    def _header(self) -> tuple[int, int] | None:
        """(offset of the body, length of the body), or None when more bytes are needed."""
        length = 0
        for index in range(4):
            if len(self._buffer) < index + 2:
                return None
            byte = self._buffer[index + 1]
            length |= (byte & 0x7F) << (7 * index)
            if not byte & 0x80:
                if length > MAX_PACKET_BYTES:
                    raise MalformedPacket(f"packet of {length} bytes")
                return index + 2, length
        raise MalformedPacket("remaining length of more than four bytes")


class _Cursor:
    """Reads fields off a packet's body."""

    __slots__ = ("_body", "_position")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._position = 0

    def take(self, count: int) -> bytes:
        end = self._position + count
        if end > len(self._body):
            raise MalformedPacket("packet ends too early")
        part = self._body[self._position : end]
        self._position = end
        return part

    def byte(self) -> int:
        return self.take(1)[0]

    def word(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def binary(self) -> bytes:
        return self.take(self.word())

    def text(self) -> str:
        try:
            return self.binary().decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedPacket("text that is not UTF-8") from error

    def rest(self) -> bytes:
        return self.take(len(self._body) - self._position)

    @property
    def at_end(self) -> bool:
        return self._position >= len(self._body)


def read_connect(body: bytes) -> Connect:
    """Read a CONNECT. A will is accepted and forgotten: no printer ever publishes one."""
    cursor = _Cursor(body)
    if cursor.text() not in ("MQTT", "MQIsdp"):
        raise MalformedPacket("not an MQTT client")
    level, flags, keepalive = cursor.byte(), cursor.byte(), cursor.word()
    if flags & 0x01:
        raise MalformedPacket("reserved CONNECT flag set")
    client_id = cursor.text()
    if flags & 0x04:
        cursor.text()
        cursor.binary()
    user = cursor.text() if flags & 0x80 else None
    password = cursor.binary() if flags & 0x40 else None
    return Connect(level, client_id, bool(flags & 0x02), keepalive, user, password)


def read_publish(packet: Packet) -> Publish:
    """Read a PUBLISH of QoS 0, 1 or 2."""
    cursor = _Cursor(packet.body)
    topic = cursor.text()
    qos = (packet.flags >> 1) & 3
    if qos == 3:
        raise MalformedPacket("QoS 3")
    packet_id = cursor.word() if qos else 0
    return Publish(topic, cursor.rest(), qos, packet_id)


def read_subscribe(packet: Packet) -> tuple[int, list[tuple[str, int]]]:
    """(packet id, [(topic filter, wished QoS)])."""
    if packet.flags != 0x02:
        raise MalformedPacket("SUBSCRIBE flags")
    cursor = _Cursor(packet.body)
    packet_id = cursor.word()
    wishes: list[tuple[str, int]] = []
    while not cursor.at_end:
        topic = cursor.text()
        wishes.append((topic, cursor.byte() & 3))
    if not wishes:
        raise MalformedPacket("SUBSCRIBE without a topic")
    return packet_id, wishes


def read_unsubscribe(packet: Packet) -> tuple[int, list[str]]:
    """(packet id, topic filters)."""
    cursor = _Cursor(packet.body)
    packet_id = cursor.word()
    topics: list[str] = []
    while not cursor.at_end:
        topics.append(cursor.text())
    return packet_id, topics


def _length(count: int) -> bytes:
    out = bytearray()
    while True:
        count, byte = divmod(count, 128)
        out.append(byte | 0x80 if count else byte)
        if not count:
            return bytes(out)


def publish(topic: str, payload: bytes) -> bytes:
    """A QoS 0 PUBLISH: printers send nothing else."""
    name = topic.encode("utf-8")
    header = b"\x30" + _length(2 + len(name) + len(payload))
    return b"".join((header, len(name).to_bytes(2, "big"), name, payload))


def connack(code: ConnectCode) -> bytes:
    return bytes((PacketType.CONNACK << 4, 2, 0, code))


def suback(packet_id: int, granted: Sequence[int]) -> bytes:
    body = packet_id.to_bytes(2, "big") + bytes(granted)
    return bytes((PacketType.SUBACK << 4,)) + _length(len(body)) + body


def acknowledge(kind: PacketType, packet_id: int) -> bytes:
    """PUBACK or UNSUBACK."""
    return bytes((kind << 4, 2)) + packet_id.to_bytes(2, "big")


PINGRESP = bytes((PacketType.PINGRESP << 4, 0))
