"""The RTSPS port of one printer: sign-in, one track, TCP only, any number of viewers."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable

from simulator.bambu.camera_rules import CameraRules
from simulator.bambu.rtsp.digest import DigestGate
from simulator.bambu.rtsp.messages import Request, interleaved, read_request, reply
from simulator.bambu.rtsp.packets import TRACK, Packetizer, Picture, describe, rtp_time
from simulator.bambu.rtsp.stream import NoVideo, VideoStream
from simulator.open_connections import OpenConnections

PATH = "streaming/live/1"
METHODS = "OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER, SET_PARAMETER"
SESSION_TIMEOUT_S = 65  # without a sign of life, as live555 has it
_SLOW_BYTES = 1_000_000  # unsent: a viewer that reads no faster waits for the next key picture
_POLL_S = 0.2
_CHANNELS = re.compile(r"\binterleaved=(\d{1,3})-(\d{1,3})\b")


class RtspEndpoint:
    """The camera port of one printer."""

    def __init__(self, rules: CameraRules, draw: Callable[[], Awaitable[bytes]]) -> None:
        self.rules = rules
        self.video = VideoStream(rules.printer_id, draw, lambda: rules.knobs.camera_fps)
        self.connections = OpenConnections(f"{rules.printer_id}: RTSP")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The client_connected_cb of asyncio.start_server."""
        with self.connections.handling(writer):
            if not self.rules.knobs.camera_off:
                await RtspSession(self, reader, writer).run()

    async def wait_closed(self) -> None:
        """Return when every connection has ended, and the encoder's child with the last."""
        await self.connections.wait_closed()
        await self.video.wait_closed()


class RtspSession:
    """One connection: answers requests, and sends pictures between the answers while it plays."""

    def __init__(
        self, endpoint: RtspEndpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._rules = endpoint.rules
        self._video = endpoint.video
        self._reader = reader
        self._writer = writer
        self._gate = DigestGate()
        self._packetizer = Packetizer()
        self._joined = False
        self._session = ""
        self._channel = 0
        self._needs_key = True
        self._pictures = self._packets = 0

    async def run(self) -> None:
        """Until the client goes or falls silent."""
        try:
            while (request := await self._next()) is not None:
                while self._rules.knobs.rtsp_stall:
                    await asyncio.sleep(_POLL_S)
                self._writer.write(await self._answer(request))
                await self._writer.drain()
                if request.method == "TEARDOWN":
                    return
                if request.method == "PLAY" and self._session:
                    self._video.watch(self)
        finally:
            self._video.unwatch(self)
            if self._joined:
                self._video.leave()

    async def _next(self) -> Request | None:
        async with asyncio.timeout(SESSION_TIMEOUT_S):
            return await read_request(self._reader)

    # --- requests ---------------------------------------------------------------------------

    async def _answer(self, request: Request) -> bytes:
        match request.method:
            case "OPTIONS":
                return reply(request, 200, {"Public": METHODS})
            case "DESCRIBE":
                return self._refusal(request) or await self._describe(request)
            case "SETUP":
                return self._refusal(request) or self._setup(request)
            case "PLAY" | "TEARDOWN" | "GET_PARAMETER" | "SET_PARAMETER":
                return self._in_session(request)
            case _:
                return reply(request, 405, {"Allow": METHODS})

    def _refusal(self, request: Request) -> bytes:
        """Why this client may not see this; b"" when it may."""
        knobs = self._rules.knobs
        if knobs.refuse_login or not self._gate.accepts(request, self._rules.access_code):
            return reply(request, 401, {"WWW-Authenticate": self._gate.challenge()})
        if request.path not in (PATH, f"{PATH}/{TRACK}"):
            return reply(request, 404)
        return reply(request, 503) if knobs.rtsp_refuse else b""

    async def _describe(self, request: Request) -> bytes:
        try:
            self._join()
            sets = await self._video.parameter_sets()
        except NoVideo:
            return reply(request, 503)
        name = f"{self._rules.printer_id}, streamed by a simulated printer"
        return reply(
            request,
            200,
            {"Content-Base": f"{self._url}/", "Content-Type": "application/sdp"},
            describe(sets, self._address, name),
        )

    def _setup(self, request: Request) -> bytes:
        wanted = request.headers.get("transport", "")
        channels = _CHANNELS.search(wanted)
        if "RTP/AVP/TCP" not in wanted or channels is None or int(channels[2]) > 255:
            return reply(request, 461)
        try:
            self._join()
        except NoVideo:
            return reply(request, 503)
        self._channel = int(channels[1])
        self._session = self._session or secrets.token_hex(4).upper()
        transport = f"RTP/AVP/TCP;unicast;interleaved={channels[1]}-{channels[2]}"
        return reply(request, 200, {"Transport": transport, "Session": self._ticket})

    def _in_session(self, request: Request) -> bytes:
        if not self._session:
            return reply(request, 455)
        given = request.headers.get("session", "").partition(";")[0].strip()
        if given != self._session:
            return reply(request, 454)
        headers = {"Session": self._ticket}
        if request.method == "PLAY":
            begin = rtp_time(self._video.begins_at())
            headers["Range"] = "npt=0.000-"
            headers["RTP-Info"] = (
                f"url={self._url}/{TRACK};seq={self._packetizer.sequence};rtptime={begin}"
            )
        return reply(request, 200, headers)

    def _join(self) -> None:
        """Raises NoVideo."""
        if not self._joined:
            self._video.join()
            self._joined = True

    @property
    def _ticket(self) -> str:
        return f"{self._session};timeout={SESSION_TIMEOUT_S}"

    @property
    def _address(self) -> str:
        return str(self._writer.get_extra_info("sockname")[0])

    @property
    def _url(self) -> str:
        port = self._writer.get_extra_info("sockname")[1]
        return f"rtsps://{self._address}:{port}/{PATH}"

    # --- pictures (Viewer) ------------------------------------------------------------------

    def show(self, picture: Picture) -> None:
        """Send it; after anything left out the next one sent is a key picture."""
        if self._writer.is_closing():
            return
        knobs = self._rules.knobs
        slow = self._writer.transport.get_write_buffer_size() > _SLOW_BYTES
        if knobs.rtsp_stall or knobs.camera_stall or slow:
            self._needs_key = True
            return
        if self._needs_key and not picture.is_key:
            return
        self._needs_key = False
        self._pictures += 1
        data = b"".join(self._sent(packet) for packet in self._packetizer.packets(picture))
        if 0 < knobs.rtsp_drop <= self._pictures:
            self._writer.write(data[: len(data) // 2])
            self._writer.transport.abort()  # close() would wait for the viewer's goodbye
            return
        self._writer.write(data)

    def _sent(self, packet: bytes) -> bytes:
        """The packet on the wire, or nothing when the knob has it lost."""
        self._packets += 1
        lost = self._rules.knobs.rtsp_loss
        if lost and self._packets % lost == 0:
            return b""
        return interleaved(self._channel, packet)

    def end(self) -> None:
        """The encoder is gone: hang up, so that the viewer comes again."""
        self._writer.transport.abort()
