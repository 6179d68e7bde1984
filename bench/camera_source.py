"""Cameras for the bench: raw MJPEG over TCP, each picture stamped with the moment of its sending.

A process of its own: ``python -m bench.camera_source COUNT FPS`` prints the ports as one line of
JSON and serves until its input ends. Monotonic clocks of one machine agree between processes.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time

from PIL import Image

SIZE = (1280, 720)
QUALITY = 70
_COMMENT = b"\xff\xfe"
_MARK = b"sent"
_STAMP_BYTES = 8


def picture() -> bytes:
    """Of a photo's size: 90 kB."""
    noise = Image.effect_noise((SIZE[0] // 4, SIZE[1] // 4), 30).resize(SIZE)
    shade = Image.linear_gradient("L").resize(SIZE)
    image = Image.merge("RGB", (noise, shade, Image.blend(noise, shade, 0.5)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def stamped(jpeg: bytes, now_ns: int) -> bytes:
    """With a comment segment behind its first marker."""
    body = _MARK + now_ns.to_bytes(_STAMP_BYTES, "big")
    return jpeg[:2] + _COMMENT + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:]


def sent_ns(jpeg: bytes) -> int:
    """When it was sent. Raises ValueError for a picture of another source."""
    start = 6 + len(_MARK)
    if jpeg[6:start] != _MARK:
        raise ValueError("not a picture of the bench")
    return int.from_bytes(jpeg[start : start + _STAMP_BYTES], "big")


async def _serve(writer: asyncio.StreamWriter, jpeg: bytes, fps: float, offset_s: float) -> None:
    due = time.monotonic() + offset_s
    try:
        while not writer.is_closing():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += 1 / fps
            writer.write(stamped(jpeg, time.monotonic_ns()))
            await writer.drain()
    except (OSError, asyncio.CancelledError):
        return  # its viewer left, or the bench is over
    finally:
        writer.close()


async def _main(count: int, fps: float) -> None:
    jpeg, ports = picture(), []
    for number in range(count):
        offset_s = number / count / fps  # cameras do not tick together

        async def accept(
            _: asyncio.StreamReader, writer: asyncio.StreamWriter, offset_s: float = offset_s
        ) -> None:
            await _serve(writer, jpeg, fps, offset_s)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
    sys.stdout.write(json.dumps({"ports": ports, "bytes": len(jpeg)}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2])))
