"""An RTSP client of our own making, written from the RFCs, and the programs people use."""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from simulator.farm import Endpoint

PATH = "streaming/live/1"
QUICK = ("-fpsprobesize", "0", "-analyzeduration", "500000")
"""ffmpeg watches a stream for up to five seconds to learn its rate; tests need not."""


def url_of(endpoint: Endpoint, code: str = "") -> str:
    """As people type it into a player."""
    place = f"{endpoint.host}:{endpoint.rtsp_port}/{PATH}"
    return f"rtsps://bblp:{code or endpoint.access_code}@{place}"


def ffmpeg(
    endpoint: Endpoint, folder: Path, pictures: int = 5, code: str = ""
) -> tuple[int, str, list[Path]]:
    """Exit code, messages and the pictures that the real program saved."""
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp", *QUICK,
         "-i", url_of(endpoint, code), "-vf", "setpts=N/25/TB", "-r", "25", "-q:v", "2",
         "-frames:v", str(pictures), str(folder / "%03d.jpg")],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr, sorted(folder.glob("*.jpg"))


def encoders() -> list[psutil.Process]:
    """The encoder children of this process, dead ones that nobody has waited for included."""
    found = []
    for child in psutil.Process().children():
        try:
            if child.status() == psutil.STATUS_ZOMBIE or "mpjpeg" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


@dataclass(slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: str = ""


@dataclass(slots=True)
class Packet:
    """One RTP packet."""

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes


@dataclass(slots=True)
class RtspClient:
    """Speaks on an open TLS connection; packets that come between replies are kept."""

    sock: ssl.SSLSocket
    endpoint: Endpoint
    code: str = ""
    packets: list[Packet] = field(default_factory=list)
    session: str = ""
    _sequence: int = 0
    _buffer: bytes = b""
    _challenge: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"rtsps://{self.endpoint.host}:{self.endpoint.rtsp_port}/{PATH}"

    def ask(self, method: str, url: str = "", **headers: str) -> Reply:
        """One request as it is; the reply."""
        self._sequence += 1
        rows = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._sequence}"]
        rows += [f"{name}: {value}" for name, value in headers.items()]
        self.sock.sendall(("\r\n".join(rows) + "\r\n\r\n").encode())
        reply = self.reply()
        assert reply.headers["cseq"] == str(self._sequence)
        return reply

    def signed(self, method: str, url: str = "", **headers: str) -> Reply:
        """With digest credentials, after a refusal when there is no challenge yet."""
        if not self._challenge:
            refusal = self.ask(method, url, **headers)
            assert refusal.status == 401
            self.learn(refusal)
        return self.ask(method, url, Authorization=self.proof(method, url), **headers)

    def learn(self, refusal: Reply) -> None:
        self._challenge = dict(re.findall(r'(\w+)="([^"]*)"', refusal.headers["www-authenticate"]))

    def proof(self, method: str, url: str = "") -> str:
        """RFC 2617 without qop."""

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        realm, nonce, uri = self._challenge["realm"], self._challenge["nonce"], url or self.url
        secret = md5(f"bblp:{realm}:{self.code or self.endpoint.access_code}")
        response = md5(f"{secret}:{nonce}:{md5(f'{method}:{uri}')}")
        return (
            f'Digest username="bblp", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{response}"'
        )

    def play(self) -> Reply:
        """The usual way to a picture: DESCRIBE, SETUP, PLAY."""
        assert self.signed("DESCRIBE").status == 200
        assert self.set_up().status == 200
        return self.ask("PLAY", Session=self.session, Range="npt=0.000-")

    def set_up(self, transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1") -> Reply:
        reply = self.signed("SETUP", f"{self.url}/track1", Transport=transport)
        self.session = reply.headers.get("session", "").partition(";")[0]
        return reply

    # reading

    def reply(self) -> Reply:
        """The next reply. Raises EOFError, TimeoutError."""
        while self._peek(1) == b"$":
            self._take_packet()
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *rows = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (row.partition(":") for row in rows)}
        body = self._exactly(int(headers.get("content-length", 0)))
        return Reply(int(first.split()[1]), headers, body.decode())

    def picture(self) -> list[Packet]:
        """The packets up to the next marker."""
        while not (self.packets and self.packets[-1].marker):
            assert self._peek(1) == b"$", self._buffer[:80]
            self._take_packet()
        found, self.packets = self.packets, []
        return found

    def _take_packet(self) -> None:
        head = self._exactly(4)
        raw = self._exactly(int.from_bytes(head[2:], "big"))
        assert head[1] == 0 and raw[0] == 0x80 and raw[1] & 0x7F == 96
        numbers = (int.from_bytes(raw[2:4], "big"), int.from_bytes(raw[4:8], "big"))
        self.packets.append(Packet(*numbers, bool(raw[1] & 0x80), raw[12:]))

    def _peek(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        return self._buffer[:count]

    def _exactly(self, count: int) -> bytes:
        found = self._peek(count)
        self._buffer = self._buffer[count:]
        return found

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data


def units_of(packets: list[Packet]) -> list[bytes]:
    """The NAL units of a picture, fragments joined (RFC 6184, 5.6 and 5.8)."""
    units: list[bytes] = []
    for packet in packets:
        indicator, head = packet.payload[0], packet.payload[1]
        if indicator & 0x1F != 28:
            units.append(packet.payload)
        elif head & 0x80:
            units.append(bytes((indicator & 0xE0 | head & 0x1F,)) + packet.payload[2:])
        else:
            units[-1] += packet.payload[2:]
    return units


def sprop_of(sdp: str) -> list[bytes]:
    """SPS and PPS as the description carries them."""
    found = re.search(r"sprop-parameter-sets=([^;\r\n]+)", sdp)
    assert found is not None
    return [base64.b64decode(part) for part in found[1].split(",")]
