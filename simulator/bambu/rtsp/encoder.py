"""One ffmpeg child that turns drawn JPEG pictures into H.264.

Pictures go in as multipart JPEG and come out as FLV: both tell the length of each picture, so that
none waits in ffmpeg for the beginning of the next. Measured on one core: 7 ms from picture to
packet, 4 % of the core at five pictures a second of 1280×720.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from simulator.bambu.rtsp.packets import ParameterSets, Picture, split_units

_Part = Coroutine[Any, Any, None]
KEY_EVERY_S = 2
_FPS = (0.2, 30.0)
_LONGEST_GAP = 100_000  # pictures between keys by number; those by time come first
_VIDEO_TAG = 9
_FLV_HEAD, _TAG_HEAD, _TAG_TAIL, _AVC_HEAD = 13, 11, 4, 5
_WORDS_KEPT = 500
_QUICK = 22


def command(ffmpeg: str) -> list[str]:
    """The child's command line. Its times are those of the pictures' arrival."""
    return [
        ffmpeg, "-hide_banner", "-loglevel", "error", "-threads", "1",
        "-f", "mpjpeg", "-probesize", "32", "-analyzeduration", "0",
        "-use_wallclock_as_timestamps", "1", "-i", "pipe:0",
        "-an", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-threads", "1",
        "-crf", "26", "-pix_fmt", "yuv420p", "-g", str(_LONGEST_GAP),
        "-force_key_frames", f"expr:gte(t,n_forced*{KEY_EVERY_S})",
        "-f", "flv", "-flvflags", "no_duration_filesize", "-flush_packets", "1", "pipe:1",
    ]  # fmt: skip


class Encoder:
    """``run`` works until it is cancelled or the child ends by itself."""

    def __init__(
        self,
        ffmpeg: str,
        draw: Callable[[], Awaitable[bytes]],
        fps: Callable[[], float],
        on_picture: Callable[[Picture], None],
    ) -> None:
        self._ffmpeg = ffmpeg
        self._draw = draw
        self._fps = fps
        self.sets: ParameterSets | None = None
        self._quick = _QUICK
        self._on_picture = on_picture
        self._words = ""

    def hurry(self) -> None:
        """Somebody new looks: as many pictures at a printer's real rate as players want to see
        before they show the first one (ffmpeg: 7 for the order, 20 for the rate)."""
        self._quick = _QUICK

    async def run(self) -> str:
        """Why the child ended, in its own words. Raises OSError when it cannot be started."""
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            *command(self._ffmpeg), stdin=pipe, stdout=pipe, stderr=pipe
        )
        work = [asyncio.create_task(part) for part in self._parts(child)]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            ends = await asyncio.gather(*work, return_exceptions=True)
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            # reads what is left, so that pipes and process end in order; no zombie stays
            _, words = await child.communicate()
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, (OSError, EOFError)):
                raise end
        return (self._words + words.decode("utf-8", "replace")).strip()[-_WORDS_KEPT:]

    def _parts(self, child: asyncio.subprocess.Process) -> tuple[_Part, _Part, _Part]:
        if child.stdin is None or child.stdout is None or child.stderr is None:
            raise ValueError("the child was started without pipes")
        return self._feed(child.stdin), self._read(child.stdout), self._listen(child.stderr)

    async def _feed(self, stdin: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            picture = await self._draw()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            stdin.write(head.encode() + picture + b"\r\n")
            await stdin.drain()
            fps = min(max(self._fps(), _FPS[0]), _FPS[1])
            if self._quick > 0:
                self._quick -= 1
                fps = _FPS[1]
            interval = 1.0 / fps
            await asyncio.sleep(max(0.0, started + interval - loop.time()))

    async def _read(self, stdout: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        await stdout.readexactly(_FLV_HEAD)
        while True:
            head = await stdout.readexactly(_TAG_HEAD)
            size = int.from_bytes(head[1:4], "big")
            body = (await stdout.readexactly(size + _TAG_TAIL))[:size]
            if head[0] == _VIDEO_TAG:
                self._take(body, loop.time())

    def _take(self, body: bytes, now: float) -> None:
        """A video tag: AVCPacketType 0 carries the parameter sets, 1 a picture."""
        if body[1] == 0:
            self.sets = ParameterSets.of_record(body[_AVC_HEAD:])
        elif body[1] == 1:
            picture = Picture(split_units(body[_AVC_HEAD:]), now)
            if picture.is_key and self.sets is not None:  # a viewer may have missed them
                picture = Picture((self.sets.sps, self.sets.pps, *picture.units), now)
            self._on_picture(picture)

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        """Keep its last words; a full pipe would stop it."""
        while True:
            words = await stderr.read(4096)
            if not words:
                return
            self._words = (self._words + words.decode("utf-8", "replace"))[-_WORDS_KEPT:]
