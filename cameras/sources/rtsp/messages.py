"""RTSP over TCP, taken apart: messages, and the interleaved frames between them (RFC 2326 10.12).

An interleaved frame is "$", a channel, two bytes of length, and the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 256 * 1024
_DOLLAR = 0x24
_FRAME_HEAD = 4
_MOST_METHOD = 20
_METHOD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_END = b"\r\n\r\n"


class BadRtsp(ValueError):
    """These bytes are no RTSP."""


@dataclass(slots=True)
class Message:
    """A request or a response. Names of headers are compared without case."""

    start: str  # the first line
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def method(self) -> str:
        """Of a request, "" of a response."""
        return "" if self.start.startswith("RTSP/") else self.start.partition(" ")[0]

    @property
    def uri(self) -> str:
        """Of a request."""
        parts = self.start.split(" ")
        return parts[1] if len(parts) == 3 else ""

    @property
    def status(self) -> int:
        """Of a response, 0 of a request."""
        parts = self.start.split(" ", 2)
        number = parts[1] if self.start.startswith("RTSP/") and len(parts) > 1 else ""
        return int(number) if number.isascii() and number.isdigit() else 0

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known.lower() == name.lower()]

    def get(self, name: str) -> str:
        """The first of that name, "" = none."""
        return next(iter(self.all(name)), "")

    def set(self, name: str, value: str) -> None:
        """In place of all of that name."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        self.headers.append((name, value))

    def encode(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


class Splitter:
    """Fed with bytes as they come; gives messages, and runs of whole frames as they stand."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message | bytes]:
        """Raises BadRtsp."""
        self._buffer += data
        while self._buffer:
            found = self._frames() if self._buffer[0] == _DOLLAR else self._message()
            if found is None:
                return
            if found != b"":
                yield found

    def _frames(self) -> bytes | None:
        """All whole frames at the start in one piece."""
        buffer, at = self._buffer, 0
        while at + _FRAME_HEAD <= len(buffer) and buffer[at] == _DOLLAR:
            end = at + _FRAME_HEAD + (buffer[at + 2] << 8 | buffer[at + 3])
            if end > len(buffer):
                break
            at = end
        return self._take(at) if at else None

    def _message(self) -> Message | bytes | None:
        """b"" for empty lines between messages."""
        if self._buffer[:1] in b"\r\n":
            del self._buffer[:1]
            return b""
        end = self._buffer.find(_END)
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES or not _may_begin(self._buffer):
                raise BadRtsp("no head of a message")
            return None
        message = _parse(bytes(self._buffer[:end]))
        length = _length(message)
        if len(self._buffer) < end + len(_END) + length:
            return None
        self._take(end + len(_END))
        message.body = self._take(length)
        return message

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


def _may_begin(data: bytes | bytearray) -> bool:
    """Whether a message can begin so: with a method, or with RTSP/."""
    word = bytes(data[: _MOST_METHOD + 1]).partition(b" ")[0].partition(b"/")[0]
    return len(word) <= _MOST_METHOD and all(byte in _METHOD for byte in word)


def _parse(head: bytes) -> Message:
    lines = head.decode("latin-1").split("\r\n")
    if "RTSP/1." not in lines[0]:
        raise BadRtsp("no first line of a message")
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRtsp("no header")
        headers.append((name.strip(), value.strip()))
    return Message(lines[0], headers)


def _length(message: Message) -> int:
    text = message.get("Content-Length") or "0"
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_BODY_BYTES:
        raise BadRtsp("no length of a body")
    return int(text)
