"""Files of checksummed JSON lines that are only ever added to.

    crc32 SP {"…":…} LF

A line that a crash cut short has no line feed: it was never acknowledged. Anything else that does
not fit its checksum is damage.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from core import jsonio

_CRC_DIGITS = 8


def line(content: Mapping[str, Any]) -> bytes:
    """One line, with its end."""
    text = jsonio.dumps(content)
    return b"%08x %b\n" % (zlib.crc32(text), text)


def lines(raw: bytes) -> Iterator[dict[str, Any] | None]:
    """Each whole line's content, None for a damaged one; a cut last line is left out."""
    *whole, rest = raw.split(b"\n")
    for one in whole:
        yield _content(one)
    if rest and _content(rest[:-1]) is not None:
        yield None  # all there but its end: that is no cut


def is_torn(raw: bytes) -> bool:
    """The last line was cut short."""
    return not raw.endswith(b"\n")


def _content(one: bytes) -> dict[str, Any] | None:
    crc, _, text = one.partition(b" ")
    if len(crc) != _CRC_DIGITS or crc != b"%08x" % zlib.crc32(text):
        return None
    try:
        found = jsonio.loads(text)
    except jsonio.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
