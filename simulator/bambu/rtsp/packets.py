"""H.264 on its way: coded pictures, RTP packets (RFC 6184) and their description (SDP)."""

from __future__ import annotations

import base64
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass

PAYLOAD_TYPE = 96
CLOCK_HZ = 90_000
TRACK = "track1"
MAX_PAYLOAD = 1_400  # bytes; live555 keeps packets below an Ethernet frame also on TCP
_FU_A = 28
_SLICE_OF_KEY = 5


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """What a decoder needs before the first picture."""

    sps: bytes
    pps: bytes

    @classmethod
    def of_record(cls, record: bytes) -> ParameterSets:
        """From an AVCDecoderConfigurationRecord with one set of each kind."""
        length = int.from_bytes(record[6:8], "big")
        after = 8 + length
        pps_length = int.from_bytes(record[after + 1 : after + 3], "big")
        return cls(record[8:after], record[after + 3 : after + 3 + pps_length])


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture. ``at`` is the moment it left the encoder, seconds of the loop's clock."""

    units: tuple[bytes, ...]
    at: float

    @property
    def is_key(self) -> bool:
        """Whether decoding can begin here."""
        return any(unit[0] & 0x1F == _SLICE_OF_KEY for unit in self.units)


def rtp_time(moment: float) -> int:
    """Seconds in ticks of CLOCK_HZ, 32 bits."""
    return int(moment * CLOCK_HZ) & 0xFFFF_FFFF


def split_units(content: bytes) -> tuple[bytes, ...]:
    """The NAL units of a picture in which each is preceded by its length in four bytes."""
    units, place = [], 0
    while place + 4 < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        units.append(content[place + 4 : place + 4 + length])
        place += 4 + length
    return tuple(unit for unit in units if unit)


class Packetizer:
    """Makes the RTP packets of one viewer's session."""

    def __init__(self) -> None:
        self._ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)  # of the next packet

    def packets(self, picture: Picture) -> Iterator[bytes]:
        """All packets of a picture; the last one carries the marker."""
        moment = rtp_time(picture.at)
        payloads = [part for unit in picture.units for part in _payloads(unit)]
        for number, payload in enumerate(payloads, 1):
            marker = 0x80 if number == len(payloads) else 0
            head = struct.pack(
                ">BBHII", 0x80, marker | PAYLOAD_TYPE, self.sequence, moment, self._ssrc
            )
            self.sequence = (self.sequence + 1) & 0xFFFF
            yield head + payload


def _payloads(unit: bytes) -> Iterator[bytes]:
    """A unit as it is, or cut into fragments (FU-A)."""
    if len(unit) <= MAX_PAYLOAD:
        yield unit
        return
    indicator, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 0x1F
    step = MAX_PAYLOAD - 2
    for begin in range(1, len(unit), step):
        first = 0x80 if begin == 1 else 0
        last = 0x40 if begin + step >= len(unit) else 0
        yield bytes((indicator, first | last | kind)) + unit[begin : begin + step]


def describe(sets: ParameterSets, address: str, name: str) -> str:
    """The SDP of the stream, as live555 writes it for a live camera."""
    sprop = ",".join(base64.b64encode(part).decode() for part in (sets.sps, sets.pps))
    rows = (
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        f"s={name}",
        "t=0 0",
        "a=type:broadcast",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        "c=IN IP4 0.0.0.0",
        "b=AS:2000",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;"
        f"profile-level-id={sets.sps[1:4].hex().upper()};sprop-parameter-sets={sprop}",
        f"a=control:{TRACK}",
    )
    return "\r\n".join(rows) + "\r\n"
